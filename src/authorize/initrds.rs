//! The initrds that are loaded with a kernel. Signed ones are verified. `kexec_file_load` is given a single unsigned initrd as its own
//! file; several are joined into one. Segments are made of memory, to which every initrd is read once.

mod joined;
mod part;
mod supply;

pub(super) use part::{Claims, read as read_initrd};
pub use supply::{Origin, Supply};

use super::injection::Added;
use crate::digest::{self, Hashed};
use crate::image::{cpio, initrd};
use crate::machine::Machine;
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::{OpenError, Sealed, Source};
use crate::sys::{Map, Memfd, Private};
use crate::system::Method;
use crate::trust::{Signer, Trust};
use joined::Outline;
use part::Part;
use std::ffi::OsString;
use std::io::{self, Read, Seek, Write};
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
    /// An unsigned file, whose bytes only the kernel reads.
    fn unread(source: &Source) -> Self {
        let origin = Origin::File(source.path().to_owned());
        Self { origin, length: source.len(), signer: None, archive: false }
    }

    /// Whether it is a part of a larger file that someone signed.
    pub(super) const fn is_signed_section(&self) -> bool {
        self.signer.is_some() && matches!(self.origin, Origin::Section { .. })
    }
}

/// All initrds of a load, in one content.
#[derive(Debug)]
pub struct Initrds {
    parts: Vec<Initrd>,
    joined: Joined,
    /// Of the whole content, once it was asked for.
    sha256: Option<[u8; 32]>,
}

#[derive(Debug)]
enum Joined {
    None,
    /// One unsigned file, which is not copied.
    File(Source),
    /// A sealed copy.
    Memfd(Memfd),
    /// Memory of this process, with the digests that were made while it was filled.
    Memory(Hashed<Private>),
}

/// The default path of a file's detached signature: `FILE.p7s`.
#[must_use]
pub fn signature_path(path: &Path) -> PathBuf {
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
    /// Opens the parts in this order, for this method. If a file has a detached signature (`FILE.p7s`), its signer must be trusted.
    /// What is copied has each part at a multiple of four bytes, and is read once.
    ///
    /// # Errors
    /// Why an initrd cannot be used: `initrd-empty` for an empty file, `initrd-is-kernel` for a kernel, and others.
    pub fn open(supplies: Vec<Supply<'_>>, trust: &Trust, method: Method) -> Result<Self, Refusal> {
        let opened = supplies.into_iter().map(Part::open).collect::<Result<Vec<_>, _>>()?;
        let opened = match <[Part<'_>; 1]>::try_from(opened) {
            Ok([Part::File(source, claims)]) if claims.is_empty() && method == Method::File => {
                return Ok(Self { parts: vec![Initrd::unread(&source)], joined: Joined::File(source), sha256: None });
            }
            Ok([one]) => vec![one],
            Err(several) => several,
        };
        let (parts, joined) = Outline::new(opened).join(method, trust)?;
        Ok(Self { parts, joined, sha256: None })
    }

    /// Adds an empty archive if no initrd was named and the machine was started by EFI. A kernel that is given no initrd looks
    /// for one in UEFI's tables. It may find the initrd that the machine was started with, in memory that has been reused since
    /// (drivers/firmware/efi/efi.c, `efi_config_parse_tables`; arch/x86/kernel/setup.c, `get_ramdisk_image`).
    ///
    /// # Errors
    /// The error of creating the copy.
    pub fn or_stand_in(self, machine: &Machine, method: Method) -> io::Result<Self> {
        // A BIOS has no such tables. Where the kernel accepts only files, it refuses a copy in memory.
        let wanted =
            machine.secure_boot.is_efi() && !machine.ima.wants_original() && !machine.load_pin.wants_original();
        if !self.parts.is_empty() || !wanted {
            return Ok(self);
        }
        let empty = cpio::trailer();
        let joined = match method {
            Method::File => Joined::Memfd(Memfd::create(c"skexec-initrd", |target| {
                target.write_all(&empty)?;
                Ok::<_, io::Error>(u64::try_from(empty.len()).unwrap_or(u64::MAX))
            })?),
            Method::Segments => {
                let mut memory = Private::new(empty.len())?;
                memory.copy_from_slice(&empty);
                Joined::Memory(Hashed::new(memory))
            }
        };
        Ok(Self { parts: self.parts, joined, sha256: None })
    }

    /// The same with its SHA-256, for which a file that only the kernel would read is copied first.
    ///
    /// # Errors
    /// The error of creating the copy.
    pub fn measured(self) -> io::Result<Self> {
        let joined = match self.joined {
            Joined::File(source) => Joined::Memfd(copied(&source)?),
            other => other,
        };
        let sha256 = match &joined {
            Joined::None | Joined::File(_) => None,
            Joined::Memfd(memfd) => Some(digest::sha256(&[&Map::new(memfd)?])),
            Joined::Memory(memory) => Some(digest::sha256(&[memory.bytes()])),
        };
        // What stands in for no initrd is none.
        Ok(Self { sha256: sha256.filter(|_| !self.parts.is_empty()), joined, ..self })
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

    /// SHA-256 of what the kernel is given, where a check or [`measured`](Self::measured) has made it.
    #[must_use]
    pub(crate) fn known_sha256(&self) -> Option<[u8; 32]> {
        self.sha256.or_else(|| match &self.joined {
            Joined::Memory(read) => read.known_sha256(&(0..read.bytes().len())),
            Joined::None | Joined::File(_) | Joined::Memfd(_) => None,
        })
    }

    /// Whether the initrds were copied into memory.
    #[must_use]
    pub const fn in_memory(&self) -> bool {
        matches!(self.joined, Joined::Memfd(_) | Joined::Memory(_))
    }

    /// The descriptor to load by `kexec_file_load`; `None` without an initrd.
    ///
    /// # Errors
    /// They were opened for segments.
    pub fn fd(&self) -> Result<Option<BorrowedFd<'_>>, Finding> {
        match &self.joined {
            Joined::None => Ok(None),
            Joined::File(source) => Ok(Some(source.file().as_fd())),
            Joined::Memfd(memfd) => Ok(Some(memfd.as_fd())),
            Joined::Memory(_) => Err(mistaken("segments")),
        }
    }

    /// What is wrong with the file that only the running kernel reads, where it reads it in vain; nothing where it can be read.
    #[must_use]
    pub fn fault(&self) -> Option<Finding> {
        let Joined::File(source) = &self.joined else { return None };
        source.read_through().err().map(|error| Finding::from(error).in_file(source.path()))
    }

    /// All initrds in one piece of memory, to make a segment of; `None` without an initrd.
    ///
    /// # Errors
    /// They were opened for `kexec_file_load`.
    pub fn in_one_piece(&self) -> Result<Option<&Hashed<Private>>, Finding> {
        match &self.joined {
            Joined::None => Ok(None),
            Joined::Memory(memory) => Ok(Some(memory)),
            Joined::File(_) | Joined::Memfd(_) => Err(mistaken("kexec_file_load")),
        }
    }

    /// What all files in them take once a kernel has unpacked them, as far as they can be unpacked here. A file that only the running
    /// kernel reads is read for this.
    ///
    /// # Errors
    /// Why a file cannot be read.
    pub fn unpacked(&self) -> Result<Unpacked, Finding> {
        match &self.joined {
            Joined::None => Ok(Unpacked::default()),
            Joined::Memory(memory) => Ok(unpacked(memory.bytes())),
            Joined::Memfd(memfd) => {
                Map::new(memfd).map(|map| unpacked(map.as_ref())).map_err(|error| unreadable(&error))
            }
            Joined::File(source) => {
                let length = usize::try_from(source.len()).unwrap_or(usize::MAX);
                let mut memory = Private::new(length).map_err(|error| unreadable(&error))?;
                source.read(&mut memory, 0).map_err(|error| Finding::from(error).in_file(source.path()))?;
                Ok(unpacked(&memory))
            }
        }
    }

    /// The total size in bytes, with the padding between the initrds.
    #[must_use]
    pub fn length(&self) -> u64 {
        let bytes = match &self.joined {
            Joined::None => 0,
            Joined::File(source) => return source.len(),
            Joined::Memfd(memfd) => memfd.len(),
            Joined::Memory(memory) => memory.bytes().len(),
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// A sealed copy of a file.
fn copied(source: &Source) -> io::Result<Memfd> {
    Memfd::create(c"skexec-initrd", |target| {
        let mut file = source.file();
        file.rewind()?;
        let copied = io::copy(&mut file.take(source.len()), target)?;
        if copied == source.len() { Ok(copied) } else { Err(io::Error::other("the initrd changed while it was read")) }
    })
}

fn unreadable(error: &io::Error) -> Finding {
    Finding::new(Reason::Unreadable, format!("the initrds in memory: {error}"))
}

/// What each file takes besides its bytes: half of its last page, on average, and its inode.
const EACH: u64 = 2048;

/// Bytes of memory that unpacked files take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The contents alone, of the largest archive: later archives may replace its files.
    pub least: u64,
    /// With what each takes besides.
    pub usual: u64,
}

fn unpacked(bytes: &[u8]) -> Unpacked {
    let (segments, _) = initrd::segments(bytes);
    let contents = segments.iter().map(|segment| &segment.contents);
    contents.fold(Unpacked::default(), |sum, one| {
        let each = one.entries.saturating_mul(EACH);
        Unpacked { least: sum.least.max(one.largest), usual: sum.usual.saturating_add(one.bytes).saturating_add(each) }
    })
}

/// A mistake of skexec itself: no file leads to it.
fn mistaken(opened_for: &str) -> Finding {
    Finding::new(Reason::Unreadable, format!("the initrds were opened for {opened_for}"))
}

#[cfg(test)]
mod tests;
