//! The options of `skexec-sign uki`.

use super::SignerArgs;
use clap::{Args, ValueHint};
use std::path::{Path, PathBuf};

/// Where Debian, Fedora and Arch put the stubs of systemd-boot.
const STUB: &str = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
const ADDON_STUB: &str = "/usr/lib/systemd/boot/efi/addonx64.efi.stub";

pub(super) const EXAMPLES: &str = "\
Examples:
  skexec-sign uki --key signer.key --cert signer.pem --linux vmlinuz --initrd initrd.img --cmdline \"root=LABEL=r ro\" -o linux.efi
  skexec-sign uki --key signer.key --cert signer.pem --linux vmlinuz --sign-kernel --cmdline quiet --profile \"rescue=single\" -o linux.efi
  skexec-sign uki --key signer.key --cert signer.pem --addon --cmdline \"console=ttyS0\" -o serial.addon.efi";

#[derive(Debug, Args)]
pub(crate) struct UkiArgs {
    /// The stub of systemd-boot [default: /usr/lib/systemd/boot/efi/linuxx64.efi.stub; with --addon: addonx64.efi.stub there]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    stub: Option<PathBuf>,
    /// The kernel: a bzImage with an EFI stub
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "addon")]
    pub(crate) linux: Option<PathBuf>,
    /// An initrd; may be repeated, and the initrds are joined in this order
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) initrd: Vec<PathBuf>,
    /// Microcode: an initrd that is not compressed and comes before all others; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ucode: Vec<PathBuf>,
    /// The command line; without this option the image has none, and whoever boots it chooses one
    #[arg(long, value_name = "TEXT", value_parser = cmdline)]
    pub(crate) cmdline: Option<String>,
    /// The kernel's release [default: the release that the kernel states]
    #[arg(long, value_name = "RELEASE", value_parser = word)]
    pub(crate) uname: Option<String>,
    /// The os-release file that names the system; boot menus show an image only if it has one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "addon")]
    pub(crate) osrel: Option<PathBuf>,
    /// Add a profile with a command line of its own; the image without it is the profile "main"; may be repeated
    #[arg(long, value_name = "ID=TEXT", value_parser = profile, conflicts_with = "addon")]
    pub(crate) profile: Vec<Profile>,
    /// Sign the kernel in the image, too, in place of its signatures: a kernel that enforces signatures checks only that one
    #[arg(long, conflicts_with = "addon")]
    pub(crate) sign_kernel: bool,
    /// Build an add-on, which has no kernel and extends an image beside it
    #[arg(long, conflicts_with = "linux")]
    pub(crate) addon: bool,
    /// Write the signed image to OUT
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

impl UkiArgs {
    pub(crate) fn stub(&self) -> &Path {
        let default = if self.addon { ADDON_STUB } else { STUB };
        self.stub.as_deref().unwrap_or(Path::new(default))
    }
}

/// A profile of an image.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) cmdline: String,
}

fn profile(text: &str) -> Result<Profile, String> {
    let (id, text) = text.split_once('=').ok_or("an ID, a '=' and a command line are needed")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if id.is_empty() || !id.chars().all(plain) {
        return Err("an ID has letters, digits, '.', '_' and '-'".to_owned());
    }
    if id == "main" {
        return Err("\"main\" is the image without a profile of its own".to_owned());
    }
    if text.is_empty() {
        return Err("the profile's command line is empty".to_owned());
    }
    Ok(Profile { id: id.to_owned(), cmdline: cmdline(text)? })
}

/// Text that the kernel can be given as its command line.
pub(super) fn cmdline(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("a command line has no control characters".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn word(text: &str) -> Result<String, String> {
    match text.is_empty() || text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        true => Err("a release is one word".to_owned()),
        false => Ok(text.to_owned()),
    }
}
