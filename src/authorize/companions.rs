//! The initrds that go with a kernel: verified where they are signed, one as it is, several joined.

use crate::image::initrd;
use crate::reason::{Finding, Reason};
use crate::sealed::{OpenError, Sealed, Source};
use crate::sys::{Map, Memfd};
use crate::trust::{Signature, Signer, Trust, judge};
use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Why an initrd cannot be used.
pub type Refusal = (PathBuf, Vec<Finding>);

/// An initrd as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initrd {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub length: u64,
    /// Who signed it, by the signature beside it.
    pub signer: Option<Signer>,
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

/// Only what was verified is copied: nothing else needs to stay as it is.
#[derive(Debug)]
enum Part {
    Plain(Source),
    Verified(Sealed),
}

/// The bytes of all initrds.
#[derive(Debug)]
pub enum Piece<'a> {
    /// As they were verified.
    Sealed(&'a Sealed),
    /// Copied, and sealed then.
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

/// Where the signature of a file is by default: `FILE.p7s`.
#[must_use]
fn signature_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".p7s");
    name.into()
}

/// The signature beside a file, when there is one.
///
/// # Errors
/// Why it cannot be read; that there is none is no error.
pub fn signature_beside(path: &Path) -> Result<Option<Sealed>, Refusal> {
    let path = signature_path(path);
    match Sealed::read(&path) {
        Ok(signature) => Ok(Some(signature)),
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err((path, vec![error.into()])),
    }
}

impl Initrds {
    /// No initrd.
    #[must_use]
    pub const fn none() -> Self {
        Self { parts: Vec::new(), joined: Joined::None }
    }

    /// Opens the files in this order. One with a signature beside it (`FILE.p7s`) must be signed by someone trusted.
    /// Several are joined in memory, each at a multiple of four bytes.
    ///
    /// # Errors
    /// The path at fault and why it cannot be used; an empty one is `initrd-empty`.
    pub fn open(paths: &[PathBuf], trust: &Trust) -> Result<Self, Refusal> {
        let mut parts = Vec::with_capacity(paths.len());
        let mut opened = Vec::with_capacity(paths.len());
        for path in paths {
            let (part, signer) = open(path, trust)?;
            parts.push(Initrd { path: path.clone(), length: part.length(), signer });
            opened.push(part);
        }
        let joined = match opened.len() {
            0 => Joined::None,
            1 => opened.pop().map_or(Joined::None, Joined::One),
            _ => Joined::Several(join(&opened)?),
        };
        Ok(Self { parts, joined })
    }

    /// The files, in the order in which the kernel unpacks them.
    #[must_use]
    pub fn parts(&self) -> &[Initrd] {
        &self.parts
    }

    /// Whether there is an initrd, and all of it was signed.
    #[must_use]
    pub fn verified(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.signer.is_some())
    }

    /// Demands that there is a signature of each; no initrd has none to lack.
    ///
    /// # Errors
    /// `initrd-unsigned`, about the first without one.
    pub fn all_signed(&self) -> Result<(), Finding> {
        let Some(part) = self.parts.iter().find(|part| part.signer.is_none()) else { return Ok(()) };
        let seen = format!("{}: there is no {}", part.path.display(), signature_path(&part.path).display());
        Err(Finding::new(Reason::InitrdUnsigned, seen))
    }

    /// Whether they were copied into memory.
    #[must_use]
    pub const fn in_memory(&self) -> bool {
        matches!(self.joined, Joined::Several(_) | Joined::One(Part::Verified(_)))
    }

    /// The descriptor to load; nothing without an initrd.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.joined {
            Joined::None => None,
            Joined::One(Part::Plain(source)) => Some(source.file().as_fd()),
            Joined::One(Part::Verified(sealed)) => Some(sealed.fd()),
            Joined::Several(memfd) => Some(memfd.as_fd()),
        }
    }

    /// All of them as one piece of memory that nothing changes any more: read now, unless that was done to join or to
    /// verify them. Nothing without an initrd.
    ///
    /// # Errors
    /// The path at fault and why it cannot be read.
    pub fn in_one_piece(&self) -> Result<Option<Piece<'_>>, Refusal> {
        let mapped = |memfd: &Memfd| Map::new(memfd).map(|map| Some(Piece::Mapped(map))).map_err(unmapped);
        match &self.joined {
            Joined::None => Ok(None),
            Joined::One(Part::Verified(sealed)) => Ok(Some(Piece::Sealed(sealed))),
            Joined::One(plain @ Part::Plain(_)) => mapped(&join(std::slice::from_ref(plain))?),
            Joined::Several(memfd) => mapped(memfd),
        }
    }

    /// Bytes in all, with the padding between the parts.
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
    let unusable = |error: OpenError| {
        let finding = Finding::from(error);
        let empty = finding.reason == Reason::Empty;
        (path.to_owned(), vec![if empty { Reason::InitrdEmpty.into() } else { finding }])
    };
    let Some(signature) = signature_beside(path)? else {
        return Source::open(path).map(|source| (Part::Plain(source), None)).map_err(unusable);
    };
    let sealed = Sealed::read(path).map_err(unusable)?;
    match judge(sealed, Signature::Beside(signature.bytes()), trust).outcome {
        Ok(verified) => {
            let (sealed, signer, _) = verified.into_parts();
            Ok((Part::Verified(sealed), Some(signer)))
        }
        Err(refused) => Err((path.to_owned(), refused.findings)),
    }
}

fn join(parts: &[Part]) -> Result<Memfd, Refusal> {
    let mut fault = None;
    let memfd = Memfd::create(c"skexec-initrd", |target| {
        let mut length = 0_u64;
        for part in parts {
            let gap = initrd::padding(length);
            target.write_all([0; 4].get(..usize::try_from(gap).unwrap_or(0)).unwrap_or_default())?;
            let copied = part.copy_to(target).map_err(|error| {
                fault = Some((part.path().to_owned(), vec![error.into()]));
                io::Error::from(io::ErrorKind::InvalidData)
            })?;
            length = length.saturating_add(gap).saturating_add(copied);
        }
        Ok(length)
    });
    match (memfd, fault) {
        (_, Some(fault)) => Err(fault),
        (Ok(memfd), None) => Ok(memfd),
        (Err(error), None) => Err(unmapped(error)),
    }
}

fn unmapped(error: io::Error) -> Refusal {
    (PathBuf::from("(initrds in memory)"), vec![OpenError::Io(error).into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_become_one_with_each_start_aligned() {
        let folder = std::env::temp_dir().join(format!("skexec-initrds-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (one, two, empty) = (folder.join("one"), folder.join("two"), folder.join("empty"));
        std::fs::write(&one, b"070701").unwrap();
        std::fs::write(&two, b"070702x").unwrap();
        std::fs::write(&empty, b"").unwrap();
        let trust = Trust::default();

        let joined = Initrds::open(&[one.clone(), two.clone()], &trust).unwrap();
        let Joined::Several(memfd) = &joined.joined else { panic!("joined in memory") };
        assert_eq!(&*Map::new(memfd).unwrap(), b"070701\x00\x00070702x");
        assert_eq!((joined.length(), joined.parts().len(), joined.verified()), (15, 2, false));

        let single = Initrds::open(std::slice::from_ref(&one), &trust).unwrap();
        assert!(matches!(single.joined, Joined::One(Part::Plain(_))) && single.length() == 6);
        assert_eq!(single.in_one_piece().unwrap().as_deref(), Some(b"070701".as_slice()));
        assert_eq!(joined.in_one_piece().unwrap().as_deref(), Some(b"070701\x00\x00070702x".as_slice()));

        let (path, findings) = Initrds::open(&[one.clone(), empty.clone()], &trust).unwrap_err();
        assert_eq!((path, findings), (empty, vec![Reason::InitrdEmpty.into()]));

        // A signature that nobody trusts is worse than none.
        std::fs::write(signature_path(&one), b"no signature").unwrap();
        let (path, findings) = Initrds::open(std::slice::from_ref(&one), &trust).unwrap_err();
        assert_eq!((path, findings[0].reason), (one, Reason::Pkcs7));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
