//! The initrds that are loaded with a kernel. Signed ones are verified. A single unsigned initrd is loaded from its own file; several
//! are joined into one.

mod part;
mod supply;

pub(super) use part::read as read_initrd;
pub use supply::{Origin, Supply};

use super::injection::Added;
use crate::image::cpio;
use crate::machine::Machine;
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::{OpenError, Sealed, Source};
use crate::sys::{Map, Memfd};
use crate::trust::{Signer, Trust};
use part::{Part, join, unmapped};
use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// One of the initrds of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initrd {
    /// Where it comes from.
    pub origin: Origin,
    /// Its bytes.
    pub length: u64,
    /// Who signed it, alone or with the file that it is a part of; `None` for an unsigned initrd.
    pub signer: Option<Signer>,
    /// Whether the verified bytes start like an initrd.
    pub archive: bool,
}

impl Initrd {
    /// Whether it is a part of a larger file that someone signed.
    pub(super) const fn is_signed_section(&self) -> bool {
        self.signer.is_some() && matches!(self.origin, Origin::Section { .. })
    }
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
    /// One unsigned file, which is not copied.
    File(Source),
    /// The copy of one file, whose bytes were verified.
    Verified(Sealed),
    /// A copy of several parts, or of one that is no file.
    Memory(Memfd),
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

/// The largest detached signature, in bytes; that of the kernel's PKCS#7 messages is 64 KiB (verify_pefile.c, `verify_pefile_signature`).
const MAX_SIGNATURE: u64 = 1 << 20;

/// The detached signature at a path that was named.
///
/// # Errors
/// Why it cannot be read; `too-big`.
pub fn signature_at(path: &Path) -> Result<Sealed, Finding> {
    Sealed::read_at_most(path, MAX_SIGNATURE).map_err(|error| Finding::from(error).in_file(path))
}

/// The detached signature of a file, `FILE.p7s`, when there is one.
///
/// # Errors
/// Why the signature cannot be read. A missing signature is not an error.
pub fn detached_signature(path: &Path) -> Result<Option<Sealed>, Finding> {
    let path = signature_path(path);
    match Sealed::read_at_most(&path, MAX_SIGNATURE) {
        Ok(signature) => Ok(Some(signature)),
        // A link that leads nowhere is a signature that was meant to be there.
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            Ok(None)
        }
        Err(error) => Err(Finding::from(error).in_file(&path)),
    }
}

impl Initrds {
    /// Opens the parts in this order. If a file has a detached signature (`FILE.p7s`), its signer must be trusted.
    /// Several parts are joined in memory, each at a multiple of four bytes.
    ///
    /// # Errors
    /// Why an initrd cannot be used: `initrd-empty` for an empty file, `initrd-is-kernel` for a kernel, and others.
    pub fn open(supplies: Vec<Supply<'_>>, trust: &Trust) -> Result<Self, Refusal> {
        let mut parts = Vec::with_capacity(supplies.len());
        let mut opened = Vec::with_capacity(supplies.len());
        for supply in supplies {
            let (part, described) = Part::open(supply, trust)?;
            parts.push(described);
            opened.push(part);
        }
        Ok(Self { parts, joined: Joined::of(opened)? })
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
        let empty = cpio::trailer();
        let memfd = Memfd::create(c"skexec-initrd", |target| {
            target.write_all(&empty)?;
            Ok::<_, io::Error>(u64::try_from(empty.len()).unwrap_or(u64::MAX))
        })?;
        Ok(Self { parts: self.parts, joined: Joined::Memory(memfd) })
    }

    /// The parts, in the order in which the kernel unpacks them.
    #[must_use]
    pub fn parts(&self) -> &[Initrd] {
        &self.parts
    }

    /// Where the parts come from, in this order, without the added files.
    pub fn named(&self) -> impl Iterator<Item = &Origin> {
        self.parts.iter().map(|part| &part.origin).filter(|origin| origin.added().is_none())
    }

    /// The files that the user adds. They are in the last part.
    #[must_use]
    pub fn added(&self) -> &[Added] {
        self.parts.iter().find_map(|part| part.origin.added()).unwrap_or_default()
    }

    /// Whether there is at least one initrd, and all initrds are signed. Added files are not.
    #[must_use]
    pub fn verified(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.signer.is_some())
    }

    /// Demands that each initrd is signed and starts like an initrd; added files are another matter. The second demand is needed
    /// because the same key may sign kernels and modules, which the kernel would ignore in the place of an initrd. With no initrd, the
    /// demand is met.
    ///
    /// # Errors
    /// `initrd-unsigned` or `not-an-initrd`, for the first initrd that fails.
    pub fn all_signed(&self) -> Result<(), Finding> {
        if let Some(part) = self.parts.iter().find(|part| part.signer.is_some() && !part.archive) {
            return Err(part.origin.blame(Reason::NotAnInitrd.into()));
        }
        let unsigned = |part: &&Initrd| part.signer.is_none() && part.origin.added().is_none();
        let Some(part) = self.parts.iter().find(unsigned) else { return Ok(()) };
        let seen = match &part.origin {
            Origin::File(path) => format!("there is no {}", signature_path(path).display()),
            origin => format!("no signature covers {origin}"),
        };
        Err(part.origin.blame(Finding::new(Reason::InitrdUnsigned, seen)))
    }

    /// Whether the initrds were copied into memory.
    #[must_use]
    pub const fn in_memory(&self) -> bool {
        matches!(self.joined, Joined::Memory(_) | Joined::Verified(_))
    }

    /// The descriptor to load; `None` without an initrd.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.joined {
            Joined::None => None,
            Joined::File(source) => Some(source.file().as_fd()),
            Joined::Verified(sealed) => Some(sealed.fd()),
            Joined::Memory(memfd) => Some(memfd.as_fd()),
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
            Joined::Verified(sealed) => Ok(Some(Piece::Sealed(sealed))),
            Joined::File(source) => mapped(&part::copy(source)?),
            Joined::Memory(memfd) => mapped(memfd),
        }
    }

    /// The total size in bytes, with the padding between the initrds.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.joined {
            Joined::None => 0,
            Joined::File(source) => source.len(),
            Joined::Verified(sealed) => u64::try_from(sealed.bytes().len()).unwrap_or(u64::MAX),
            Joined::Memory(memfd) => u64::try_from(memfd.len()).unwrap_or(u64::MAX),
        }
    }
}

impl Joined {
    fn of(mut parts: Vec<Part<'_>>) -> Result<Self, Finding> {
        if parts.len() > 1 {
            return Ok(Self::Memory(join(&parts)?));
        }
        match parts.pop() {
            None => Ok(Self::None),
            Some(Part::Plain(source)) => Ok(Self::File(source)),
            Some(Part::Verified(sealed)) => Ok(Self::Verified(sealed)),
            Some(bytes @ Part::Bytes(..)) => Ok(Self::Memory(join(&[bytes])?)),
        }
    }
}

#[cfg(test)]
mod tests;
