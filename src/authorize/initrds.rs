//! The initrds that are loaded with a kernel. Signed ones are verified. A single unsigned initrd is loaded from its own file; several
//! are joined into one.

use super::candidate::Candidate;
use super::verdict::{Role, verify};
use crate::image::{Format, Parsed, initrd};
use crate::machine::Machine;
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::{OpenError, Sealed, Source};
use crate::sys::{Map, Memfd};
use crate::trust::{Signature, Signer, Trust};
use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// One of the initrds of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initrd {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub length: u64,
    /// The signer of its detached signature; `None` for an unsigned initrd.
    pub signer: Option<Signer>,
    /// Whether the verified bytes start like an initrd.
    pub archive: bool,
}

/// All initrds of a load, behind one descriptor.
#[derive(Debug)]
pub struct Initrds {
    parts: Vec<Initrd>,
    joined: Joined,
}

#[derive(Debug)]
enum Joined {
    None,
    One(Part),
    Several(Memfd),
}

/// A signed initrd is copied, because its bytes must not change after the verification. An unsigned one stays a file.
#[derive(Debug)]
enum Part {
    Plain(Source),
    Verified(Sealed),
}

/// The bytes of all initrds.
#[derive(Debug)]
pub enum Piece<'a> {
    /// The copy whose bytes were verified.
    Sealed(&'a Sealed),
    /// A copy that was sealed after it was written.
    Mapped(Map),
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Sealed(sealed) => sealed.bytes(),
            Self::Mapped(map) => map,
        }
    }
}

/// The default path of a file's detached signature: `FILE.p7s`.
#[must_use]
fn signature_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".p7s");
    name.into()
}

/// The detached signature of a file, `FILE.p7s`, when there is one.
///
/// # Errors
/// Why the signature cannot be read. A missing signature is not an error.
pub fn detached_signature(path: &Path) -> Result<Option<Sealed>, Finding> {
    let path = signature_path(path);
    match Sealed::read(&path) {
        Ok(signature) => Ok(Some(signature)),
        // A link that leads nowhere is a signature that was meant to be there.
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            Ok(None)
        }
        Err(error) => Err(Finding::from(error).in_file(&path)),
    }
}

impl Initrds {
    /// Opens the files in this order. If a file has a detached signature (`FILE.p7s`), its signer must be trusted.
    /// Several files are joined in memory, each at a multiple of four bytes.
    ///
    /// # Errors
    /// Why an initrd cannot be used: `initrd-empty` for an empty file, `initrd-is-kernel` for a kernel, and others.
    pub fn open(paths: &[PathBuf], trust: &Trust) -> Result<Self, Refusal> {
        let mut parts = Vec::with_capacity(paths.len());
        let mut opened = Vec::with_capacity(paths.len());
        for path in paths {
            let (part, signer) = open(path, trust)?;
            let archive = matches!(&part, Part::Verified(sealed) if initrd::claimed_by(sealed.bytes()));
            parts.push(Initrd { path: path.clone(), length: part.length(), signer, archive });
            opened.push(part);
        }
        let joined = match opened.len() {
            0 => Joined::None,
            1 => opened.pop().map_or(Joined::None, Joined::One),
            _ => Joined::Several(join(&opened)?),
        };
        Ok(Self { parts, joined })
    }

    /// Adds an empty archive if no initrd was named and the machine was started by EFI. A kernel that is given no initrd looks
    /// for one in UEFI's tables. It may find the initrd that the machine was started with, in memory that has been reused since
    /// (drivers/firmware/efi/efi.c, `efi_config_parse_tables`; arch/x86/kernel/setup.c, `get_ramdisk_image`).
    ///
    /// # Errors
    /// The error of creating the memfd.
    pub fn or_stand_in(self, machine: &Machine) -> io::Result<Self> {
        // A BIOS has no such tables. Where the kernel accepts only files, it refuses a copy in memory.
        let wanted =
            machine.secure_boot.is_efi() && !machine.ima.wants_original() && !machine.load_pin.wants_original();
        if !self.parts.is_empty() || !wanted {
            return Ok(self);
        }
        let empty = initrd::empty();
        let memfd = Memfd::create(c"skexec-initrd", |target| {
            target.write_all(&empty)?;
            Ok::<_, io::Error>(u64::try_from(empty.len()).unwrap_or(u64::MAX))
        })?;
        Ok(Self { parts: self.parts, joined: Joined::Several(memfd) })
    }

    /// The files, in the order in which the kernel unpacks them.
    #[must_use]
    pub fn parts(&self) -> &[Initrd] {
        &self.parts
    }

    /// Whether there is at least one initrd, and all initrds are signed.
    #[must_use]
    pub fn verified(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.signer.is_some())
    }

    /// Demands that each initrd is signed and starts like an initrd. The second demand is needed because the same key may sign
    /// kernels and modules, which the kernel would ignore in the place of an initrd. With no initrd, the demand is met.
    ///
    /// # Errors
    /// `initrd-unsigned` or `not-an-initrd`, for the first initrd that fails.
    pub fn all_signed(&self) -> Result<(), Finding> {
        if let Some(part) = self.parts.iter().find(|part| part.signer.is_some() && !part.archive) {
            return Err(Finding::from(Reason::NotAnInitrd).in_file(&part.path));
        }
        let Some(part) = self.parts.iter().find(|part| part.signer.is_none()) else { return Ok(()) };
        let seen = format!("there is no {}", signature_path(&part.path).display());
        Err(Finding::new(Reason::InitrdUnsigned, seen).in_file(&part.path))
    }

    /// Whether the initrds were copied into memory.
    #[must_use]
    pub const fn in_memory(&self) -> bool {
        matches!(self.joined, Joined::Several(_) | Joined::One(Part::Verified(_)))
    }

    /// The descriptor to load; `None` without an initrd.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.joined {
            Joined::None => None,
            Joined::One(Part::Plain(source)) => Some(source.file().as_fd()),
            Joined::One(Part::Verified(sealed)) => Some(sealed.fd()),
            Joined::Several(memfd) => Some(memfd.as_fd()),
        }
    }

    /// All initrds in one sealed piece of memory. A single unsigned initrd is copied now; otherwise the copy exists already.
    /// `None` without an initrd.
    ///
    /// # Errors
    /// Why one cannot be read.
    pub fn in_one_piece(&self) -> Result<Option<Piece<'_>>, Finding> {
        let mapped =
            |memfd: &Memfd| Map::new(memfd).map(|map| Some(Piece::Mapped(map))).map_err(|error| unmapped(&error));
        match &self.joined {
            Joined::None => Ok(None),
            Joined::One(Part::Verified(sealed)) => Ok(Some(Piece::Sealed(sealed))),
            Joined::One(plain @ Part::Plain(_)) => mapped(&join(std::slice::from_ref(plain))?),
            Joined::Several(memfd) => mapped(memfd),
        }
    }

    /// The total size in bytes, with the padding between the initrds.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.joined {
            Joined::None => 0,
            Joined::One(part) => part.length(),
            Joined::Several(memfd) => u64::try_from(memfd.len()).unwrap_or(u64::MAX),
        }
    }
}

impl Part {
    fn path(&self) -> &Path {
        match self {
            Self::Plain(source) => source.path(),
            Self::Verified(sealed) => sealed.path(),
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::Plain(source) => source.len(),
            Self::Verified(sealed) => u64::try_from(sealed.bytes().len()).unwrap_or(u64::MAX),
        }
    }

    fn copy_to(&self, target: &mut std::fs::File) -> Result<u64, OpenError> {
        match self {
            Self::Plain(source) => source.copy_to(target),
            Self::Verified(sealed) => {
                target.write_all(sealed.bytes())?;
                Ok(self.length())
            }
        }
    }
}

fn open(path: &Path, trust: &Trust) -> Result<(Part, Option<Signer>), Refusal> {
    let Some(signature) = detached_signature(path)? else {
        let source = Source::open(path).map_err(|error| unusable(path, error))?;
        let head = source.head().map_err(|error| unusable(path, error.into()))?;
        no_program(path, Parsed::new(head).format())?;
        return Ok((Part::Plain(source), None));
    };
    let sealed = Sealed::read(path).map_err(|error| unusable(path, error))?;
    let candidate = Candidate::new(sealed);
    no_program(path, candidate.format())?;
    let assessment = verify(candidate, Role::Initrd, Signature::Detached(signature.bytes()), trust);
    let (initrd, signer, _) = assessment.judgement.outcome.map_err(|refused| refused.refusal)?.into_parts();
    Ok((Part::Verified(initrd.into_owner()), Some(signer)))
}

/// Refuses a program in the place of an initrd: the kernel would load it, find nothing to unpack, and boot without its root.
fn no_program(path: &Path, format: Format) -> Result<(), Finding> {
    let what = match format {
        Format::BzImage => "it is a bzImage",
        Format::Elf => "it is an ELF file",
        Format::Uki | Format::Pe => "it is an EFI program",
        Format::Initrd | Format::Unknown => return Ok(()),
    };
    Err(Finding::new(Reason::InitrdIsKernel, what).in_file(path))
}

fn unusable(path: &Path, error: OpenError) -> Finding {
    let finding = Finding::from(error);
    let finding = if finding.reason == Reason::Empty { Reason::InitrdEmpty.into() } else { finding };
    finding.in_file(path)
}

fn join(parts: &[Part]) -> Result<Memfd, Finding> {
    let memfd = Memfd::create(c"skexec-initrd", |target| {
        let mut length = 0_u64;
        for part in parts {
            let gap = initrd::padding(length);
            let zeros = [0; 4];
            target.write_all(zeros.get(..usize::try_from(gap).unwrap_or(0)).unwrap_or_default())?;
            let copied = part.copy_to(target).map_err(|error| Copying::Part(unusable(part.path(), error)))?;
            length = length.saturating_add(gap).saturating_add(copied);
        }
        Ok(length)
    });
    memfd.map_err(|error| match error {
        Copying::Part(finding) => finding,
        Copying::Memory(error) => unmapped(&error),
    })
}

/// Why initrds cannot be joined.
enum Copying {
    /// One of them cannot be read.
    Part(Finding),
    /// The copy cannot be written.
    Memory(io::Error),
}

impl From<io::Error> for Copying {
    fn from(error: io::Error) -> Self {
        Self::Memory(error)
    }
}

fn unmapped(error: &io::Error) -> Finding {
    Finding::new(Reason::Unreadable, format!("the copy of the initrds in memory: {error}"))
}

#[cfg(test)]
mod tests;
