//! A part of the initrd while it is opened, verified and joined with others.

use super::super::candidate::Candidate;
use super::super::verdict::{Role, verify};
use super::supply::{Origin, Supply};
use super::{Initrd, detached_signature};
use crate::image::{Format, Parsed, initrd};
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::{OpenError, Sealed, Source};
use crate::sys::Memfd;
use crate::trust::{Signature, Signer, Trust};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// A signed initrd is copied, because its bytes must not change after the verification. An unsigned one stays a file.
#[derive(Debug)]
pub(super) enum Part<'a> {
    Plain(Source),
    Verified(Sealed),
    Bytes(Origin, Cow<'a, [u8]>),
}

impl<'a> Part<'a> {
    /// Opens one part, and verifies it where it is a file with a signature of its own.
    pub(super) fn open(supply: Supply<'a>, trust: &Trust) -> Result<(Self, Initrd), Refusal> {
        let (part, signer) = match supply {
            Supply::File(path) => open(&path, trust)?,
            Supply::Verified(file, signer) => {
                no_program(Some(file.path()), Parsed::new(file.bytes()).format())?;
                (Self::Verified(file), Some(signer))
            }
            Supply::Bytes { origin, bytes, signer } => {
                no_program(origin.file(), Parsed::new(&*bytes).format())?;
                (Self::Bytes(origin, bytes), signer)
            }
        };
        let described =
            Initrd { origin: part.origin(), length: part.length(), signer, archive: part.starts_like_an_archive() };
        Ok((part, described))
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Plain(source) => Origin::File(source.path().to_owned()),
            Self::Verified(sealed) => Origin::File(sealed.path().to_owned()),
            Self::Bytes(origin, _) => origin.clone(),
        }
    }

    /// Only of bytes that were verified; a plain file may change.
    fn starts_like_an_archive(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Verified(sealed) => initrd::claimed_by(sealed.bytes()),
            Self::Bytes(_, bytes) => initrd::claimed_by(bytes),
        }
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Plain(source) => source.len(),
            Self::Verified(sealed) => length(sealed.bytes()),
            Self::Bytes(_, bytes) => length(bytes),
        }
    }

    /// The file that messages name.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Plain(source) => Some(source.path()),
            Self::Verified(sealed) => Some(sealed.path()),
            Self::Bytes(origin, _) => origin.file(),
        }
    }

    fn copy_to(&self, target: &mut File) -> Result<u64, OpenError> {
        let bytes = match self {
            Self::Plain(source) => return source.copy_to(target),
            Self::Verified(sealed) => sealed.bytes(),
            Self::Bytes(_, bytes) => bytes,
        };
        target.write_all(bytes)?;
        Ok(length(bytes))
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn open<'a>(path: &Path, trust: &Trust) -> Result<(Part<'a>, Option<Signer>), Refusal> {
    let Some(signature) = detached_signature(path)? else {
        let source = Source::open(path).map_err(|error| unusable(Some(path), error))?;
        let head = source.head().map_err(|error| unusable(Some(path), error.into()))?;
        no_program(Some(path), Parsed::new(head).format())?;
        return Ok((Part::Plain(source), None));
    };
    let candidate = Candidate::new(read(path)?);
    no_program(Some(path), candidate.format())?;
    let assessment = verify(candidate, Role::Initrd, Signature::Detached(signature.bytes()), trust);
    let (initrd, signer, _) = assessment.judgement.outcome.map_err(|refused| refused.refusal)?.into_parts();
    Ok((Part::Verified(initrd.into_owner()), Some(signer)))
}

/// Reads the file of an initrd.
pub(in super::super) fn read(path: &Path) -> Result<Sealed, Finding> {
    Sealed::read(path).map_err(|error| unusable(Some(path), error))
}

/// Refuses a program in the place of an initrd: the kernel would load it, find nothing to unpack, and boot without its root.
fn no_program(path: Option<&Path>, format: Format) -> Result<(), Finding> {
    let what = match format {
        Format::BzImage => "it is a bzImage",
        Format::Elf => "it is an ELF file",
        Format::Uki | Format::Pe => "it is an EFI program",
        Format::Initrd | Format::Manifest | Format::Unknown => return Ok(()),
    };
    Err(named(Finding::new(Reason::InitrdIsKernel, what), path))
}

fn unusable(path: Option<&Path>, error: OpenError) -> Finding {
    let finding = Finding::from(error);
    let finding = if finding.reason == Reason::Empty { Reason::InitrdEmpty.into() } else { finding };
    named(finding, path)
}

fn named(finding: Finding, path: Option<&Path>) -> Finding {
    match path {
        Some(path) => finding.in_file(path),
        None => finding,
    }
}

/// One sealed copy of all parts, each at a multiple of four bytes.
pub(super) fn join(parts: &[Part<'_>]) -> Result<Memfd, Finding> {
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

/// A sealed copy of one file.
pub(super) fn copy(source: &Source) -> Result<Memfd, Finding> {
    let copied = Memfd::create(c"skexec-initrd", |target| source.copy_to(target));
    copied.map_err(|error| unusable(Some(source.path()), error))
}

pub(super) fn unmapped(error: &io::Error) -> Finding {
    Finding::new(Reason::Unreadable, format!("the copy of the initrds in memory: {error}"))
}
