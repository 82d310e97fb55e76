//! Boots that are signed as a whole, valid and forged: UKIs with their add-ons, and kernels with a manifest.
//!
//! A forged boot is either changed after it was signed, or signed although it breaks a rule. `kexec_file_load` on x86 takes none of
//! these files, so there is no kernel's verdict; the firmware judges a UKI, by its signature and its PE headers alone.

mod addon;
mod changed;
mod good;
mod inner;
mod layout;
mod linux;
mod manifest;
mod options;
mod parts;
mod profile;
mod revoked;
mod signature;

pub(crate) use revoked::image_hashes;

use std::sync::LazyLock;

use crate::pki::{self, Identity};
use crate::uki::{Sections, Uki};

/// What UEFI's LoadImage does with the UKI under Secure Boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// It loads the UKI: the signature is good, and it knows nothing of the rules that the UKI breaks.
    Loads,
    /// It refuses the UKI.
    Refuses,
    /// It depends on the firmware, or the boot is no UKI.
    Unknown,
}

/// Exit code and first reason; None if the boot is trusted.
pub type Refusal = Option<(u8, &'static str)>;

/// What the next kernel gets from a trusted boot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    pub kernel: Vec<u8>,
    pub cmdline: &'static str,
    /// Parts of the initrd, in this order.
    pub initrd: Vec<Vec<u8>>,
}

/// One boot: the files in a folder of their own, and how they are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub name: String,
    pub about: &'static str,
    /// The file that is named to `load`.
    pub boot: &'static str,
    /// The path within the folder, and the bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Options of `load`; `{}` stands for the folder.
    pub options: Vec<&'static str>,
    /// The text of the policy file; empty if there is none.
    pub policy: &'static str,
    pub load: Refusal,
    /// The file that is named to `verify`, and what it says: it gets none of the options.
    pub verified: &'static str,
    pub verify: Refusal,
    pub firmware: Firmware,
    pub passed: Option<Passed>,
}

type Family = fn() -> Vec<Bundle>;

/// All of them, by name.
#[must_use]
pub fn bundles() -> &'static [Bundle] {
    static MADE: LazyLock<Vec<Bundle>> = LazyLock::new(make);
    &MADE
}

fn make() -> Vec<Bundle> {
    let families: [(&str, Family); 12] = [
        ("uki", good::bundles),
        ("uki", changed::bundles),
        ("uki", signature::bundles),
        ("uki", layout::bundles),
        ("uki", parts::bundles),
        ("uki", linux::bundles),
        ("uki", inner::bundles),
        ("uki", revoked::bundles),
        ("options", options::bundles),
        ("profile", profile::bundles),
        ("addon", addon::bundles),
        ("manifest", manifest::bundles),
    ];
    let mut all = Vec::new();
    for (prefix, family) in families {
        all.extend(family().into_iter().map(|one| Bundle { name: format!("{prefix}-{}", one.name), ..one }));
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The name of the UKI in every folder that has one.
pub const UKI: &str = "boot.efi";
/// The initrd of the UKI.
pub(crate) const INITRD: &[u8] = b"070701 the initrd of the UKI";
pub(crate) const CMDLINE: &str = "root=/dev/vda2 ro quiet";

/// The parts of a good UKI. Its kernel is signed, too.
pub(crate) fn sections() -> Sections {
    sections_of(crate::signed_bzimage())
}

/// The parts of a good UKI of that kernel.
pub(crate) fn sections_of(linux: Vec<u8>) -> Sections {
    let parts = Uki { initrd: Some(INITRD.to_vec()), cmdline: Some(CMDLINE.into()), ..Uki::new(linux) };
    parts.sections()
}

/// A trusted UKI, unless a method changes that.
pub(crate) fn uki(name: &str, about: &'static str, file: Vec<u8>) -> Bundle {
    Bundle {
        name: name.to_owned(),
        about,
        boot: UKI,
        files: vec![(UKI.to_owned(), file)],
        options: Vec::new(),
        policy: "",
        load: None,
        verified: UKI,
        verify: None,
        firmware: Firmware::Loads,
        passed: None,
    }
}

/// A good UKI with a change before it was signed.
pub(crate) fn signed(name: &str, about: &'static str, change: impl FnOnce(&mut Sections)) -> Bundle {
    let mut sections = sections();
    change(&mut sections);
    uki(name, about, sections.signed(&pki::signer()))
}

/// A good UKI by another signer.
pub(crate) fn signed_by(name: &str, about: &'static str, who: &Identity) -> Bundle {
    uki(name, about, sections().signed(who))
}

/// A good UKI with a change after it was signed. The firmware finds that.
pub(crate) fn changed(name: &str, about: &'static str, change: impl FnOnce(&mut Vec<u8>)) -> Bundle {
    let mut file = sections().signed(&pki::signer());
    change(&mut file);
    uki(name, about, file).reject(3, "digest-mismatch").firmware(Firmware::Refuses)
}

impl Bundle {
    pub(crate) fn reject(self, exit: u8, slug: &'static str) -> Self {
        Self { load: Some((exit, slug)), verify: Some((exit, slug)), ..self }
    }

    /// Only `load` can see what is wrong.
    pub(crate) fn load_rejects(self, exit: u8, slug: &'static str) -> Self {
        Self { load: Some((exit, slug)), ..self }
    }

    pub(crate) fn firmware(self, firmware: Firmware) -> Self {
        Self { firmware, ..self }
    }

    pub(crate) fn options<const N: usize>(self, options: [&'static str; N]) -> Self {
        Self { options: options.into(), ..self }
    }

    pub(crate) fn policy(self, policy: &'static str) -> Self {
        Self { policy, ..self }
    }

    pub(crate) fn file(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.push((name.to_owned(), bytes));
        self
    }

    pub(crate) fn passes(self, kernel: Vec<u8>, cmdline: &'static str, initrd: Vec<Vec<u8>>) -> Self {
        Self { passed: Some(Passed { kernel, cmdline, initrd }), ..self }
    }

    /// The bytes of the file that is judged.
    #[must_use]
    pub fn image(&self) -> &[u8] {
        let file = self.files.iter().find(|(name, _)| name == self.boot);
        file.map(|(_, bytes)| bytes.as_slice()).expect("the boot is one of the files")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_runs_give_equal_bytes() {
        assert!(super::make() == super::bundles());
    }
}
