//! What goes into the image: the files and texts of the command line, and the sections that they become.

use crate::args::{Profile, UkiArgs};
use crate::failure::Failure;
use crate::image;
use crate::signer::Signer;
use skexec::image::{Format, Parsed};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the profile that the base of an image with profiles is.
const MAIN: &str = "main";
/// Old stubs start the kernel where it lies, and firmware must know that this is code.
const CODE: u32 = 0x6000_0020;
/// Initialized data that can be read.
const DATA: u32 = 0x4000_0040;
/// The components that revocations of a build of images or of add-ons name (the entries that ukify writes, too).
const IMAGE_SBAT: &str = "uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/\n";
const ADDON_SBAT: &str = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
    uki-addon,1,UKI Addon,addon,1,https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html\n";

/// A section to append.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) content: Vec<u8>,
    /// `Characteristics`.
    pub(super) flags: u32,
}

impl Section {
    pub(super) fn data(name: &'static str, content: impl Into<Vec<u8>>) -> Self {
        Self { name, content: content.into(), flags: DATA }
    }
}

/// The kernel, and the file from which it was read.
pub(super) struct Kernel {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Parts {
    /// An add-on has none.
    pub(super) kernel: Option<Kernel>,
    /// `.osrel`, `.cmdline`, `.uname`, `.ucode`, `.initrd`, as far as they were given.
    base: Vec<Section>,
    profiles: Vec<Profile>,
}

/// Reads all files, and checks that the kernel is one that firmware can start.
pub(super) fn read(args: &UkiArgs) -> Result<Parts, Failure> {
    let kernel = args.linux.as_deref().map(read_kernel).transpose()?;
    let uname = match (&args.uname, &kernel) {
        (Some(uname), _) => Some(uname.clone()),
        (None, Some(kernel)) => kernel.release(),
        (None, None) => None,
    };
    if args.addon && args.cmdline.is_none() && args.ucode.is_empty() && args.initrd.is_empty() {
        return Err(Failure::usage("an add-on must add --cmdline, --ucode or --initrd"));
    }
    let mut base = Vec::new();
    base.extend(args.osrel.as_deref().map(read_file).transpose()?.map(|bytes| Section::data(".osrel", bytes)));
    base.extend(args.cmdline.clone().map(|text| Section::data(".cmdline", text)));
    base.extend(uname.map(|text| Section::data(".uname", text)));
    base.extend(joined(&args.ucode)?.map(|bytes| Section::data(".ucode", bytes)));
    base.extend(joined(&args.initrd)?.map(|bytes| Section::data(".initrd", bytes)));
    if let Some(empty) = base.iter().find(|section| section.content.is_empty()) {
        let what = format!("{} would be empty", empty.name);
        return Err(Failure::usage(what).advise("leave the option out, or give it a content"));
    }
    let ids: BTreeSet<_> = args.profile.iter().map(|profile| &profile.id).collect();
    if ids.len() < args.profile.len() {
        return Err(Failure::usage("two profiles have the same ID"));
    }
    Ok(Parts { kernel, base, profiles: args.profile.clone() })
}

impl Parts {
    /// Signs the kernel itself, in place of the signatures that it has.
    pub(super) fn sign_kernel(&mut self, signer: &Signer) -> Result<(), Failure> {
        if let Some(kernel) = &mut self.kernel {
            kernel.bytes = image::sign(&kernel.path, std::mem::take(&mut kernel.bytes), signer)?.0;
        }
        Ok(())
    }

    /// Entries for `.sbat`: those of the kernel, and that of a unified kernel image or of an add-on.
    pub(super) fn sbat(&self) -> Vec<u8> {
        match &self.kernel {
            Some(kernel) => [kernel.sbat(), IMAGE_SBAT.as_bytes()].join(&b'\n'),
            None => ADDON_SBAT.as_bytes().to_vec(),
        }
    }

    /// All sections in their order. `.linux` is the last of the base, because an old stub lets the kernel unpack itself over what
    /// follows. What stands before the first `.profile` belongs to every profile.
    pub(super) fn sections(self) -> Vec<Section> {
        let mut sections = self.base;
        sections.extend(self.kernel.map(|kernel| Section { name: ".linux", content: kernel.bytes, flags: CODE }));
        if !self.profiles.is_empty() {
            sections.push(Section::data(".profile", format!("ID={MAIN}\n")));
        }
        for Profile { id, cmdline } in self.profiles {
            sections.push(Section::data(".profile", format!("ID={id}\n")));
            sections.push(Section::data(".cmdline", cmdline));
        }
        sections
    }
}

impl Kernel {
    /// The first word of the version that the kernel states, which is what `uname -r` prints.
    fn release(&self) -> Option<String> {
        let parsed = Parsed::new(&self.bytes);
        let release = parsed.loadable().ok()?.release()?;
        release.split(' ').next().map(str::to_owned)
    }

    /// The content of its `.sbat`, without padding.
    fn sbat(&self) -> &[u8] {
        let parsed = Parsed::new(&self.bytes);
        let Some(Ok(pe)) = parsed.pe() else { return &[] };
        let section = pe.sections.iter().find(|section| section.name() == b".sbat");
        let raw = section.and_then(|section| self.bytes.get(section.raw.clone())).unwrap_or_default();
        raw.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

fn read_kernel(path: &Path) -> Result<Kernel, Failure> {
    let bytes = read_file(path)?;
    let parsed = Parsed::new(&bytes);
    parsed.loadable().map_err(|finding| Failure::found(path, finding))?;
    match parsed.pe() {
        Some(Ok(_)) if parsed.format() == Format::BzImage => {}
        Some(Err(finding)) => return Err(Failure::found(path, finding)),
        _ => {
            let what = format!("{}: the kernel has no EFI stub, so firmware cannot start it", path.display());
            return Err(Failure::unsuitable(what).advise("give a bzImage that was built with CONFIG_EFI_STUB=y"));
        }
    }
    drop(parsed);
    Ok(Kernel { path: path.to_owned(), bytes })
}

/// Archives one after the other; each starts at a multiple of four bytes, as the kernel wants it.
fn joined(paths: &[PathBuf]) -> Result<Option<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = read_file(path)?;
        if bytes.is_empty() {
            return Err(Failure::unsuitable(format!("{}: the file is empty", path.display())));
        }
        all.resize(all.len().next_multiple_of(4), 0);
        all.extend(bytes);
    }
    Ok(Some(all).filter(|_| !paths.is_empty()))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::file("read", path, &error))
}
