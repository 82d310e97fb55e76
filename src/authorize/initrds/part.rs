//! A part of the initrd: opened, and judged when its bytes are there.

use super::super::binding::Binding;
use super::super::verdict::{Role, assess};
use super::supply::{Origin, Supply};
use super::{Initrd, detached_signature};
use crate::digest::{Hashed, Passing};
use crate::image::{Format, Parsed, initrd};
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::{Keep, OpenError, Sealed, Source};
use crate::trust::{Signature, Signer, Trust};
use std::borrow::Cow;
use std::path::Path;

/// A part before its bytes are read.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a load has a handful of them")]
pub(super) enum Part<'a> {
    File(Source, Claims<'a>),
    Bytes { origin: Origin, bytes: Cow<'a, [u8]>, signer: Option<Signer> },
}

/// What says which bytes the file of an initrd should have.
#[derive(Debug)]
pub(in super::super) struct Claims<'a> {
    /// A manifest, and the place among its initrds.
    pub(in super::super) bound: Option<(&'a Binding, usize)>,
    /// Its detached signature.
    pub(in super::super) signature: Option<Sealed>,
}

impl Claims<'_> {
    /// Whether nothing says so.
    pub(super) const fn is_empty(&self) -> bool {
        self.bound.is_none() && self.signature.is_none()
    }

    /// Checks the bytes of a file; says who signed them, or the manifest that binds them.
    ///
    /// # Errors
    /// `initrd-is-kernel`, `manifest-initrd`, `revoked-image`, or what is wrong with its signature.
    pub(in super::super) fn check<B: AsRef<[u8]>>(
        &self,
        path: &Path,
        file: Hashed<B>,
        trust: &Trust,
    ) -> Result<Option<Signer>, Refusal> {
        if let Some((binding, place)) = self.bound {
            binding.check_initrd(place, &file, trust).map_err(|finding| finding.in_file(path))?;
        }
        let parsed = Parsed::of(file, None);
        no_program(Some(path), parsed.format())?;
        let bound = self.bound.map(|(binding, _)| binding.signer().clone());
        let Some(signature) = &self.signature else { return Ok(bound) };
        let assessment = assess(parsed, Role::Initrd, Signature::Detached(signature.bytes()), trust);
        let verified = assessment.judgement.outcome.map_err(|refused| refused.refusal.in_file(path))?;
        Ok(Some(bound.unwrap_or_else(|| verified.signer().clone())))
    }
}

impl<'a> Part<'a> {
    /// Opens one part.
    pub(super) fn open(supply: Supply<'a>) -> Result<Self, Finding> {
        let (path, bound) = match supply {
            Supply::File(path) => (path, None),
            Supply::Bound(path, binding, place) => (path, Some((binding, place))),
            Supply::Bytes { origin, bytes, signer } => {
                no_program(origin.file(), Parsed::new(&*bytes).format())?;
                return Ok(Self::Bytes { origin, bytes, signer });
            }
        };
        let signature = detached_signature(&path)?;
        let source = Source::open(&path).map_err(|error| unusable(&path, error))?;
        let head = source.head().map_err(|error| unusable(&path, error.into()))?;
        no_program(Some(&path), Parsed::new(head).format())?;
        Ok(Self::File(source, Claims { bound, signature }))
    }

    /// Judges the part by its bytes, as they will be loaded, and describes it.
    pub(super) fn described(&self, file: Hashed<&[u8]>, trust: &Trust) -> Result<Initrd, Refusal> {
        let starts_like_an_archive = initrd::claimed_by(file.bytes());
        let length = u64::try_from(file.bytes().len()).unwrap_or(u64::MAX);
        let (origin, signer) = match self {
            Self::Bytes { origin, signer, .. } => (origin.clone(), signer.clone()),
            Self::File(source, claims) => {
                (Origin::File(source.path().to_owned()), claims.check(source.path(), file, trust)?)
            }
        };
        Ok(Initrd { origin, length, signer, archive: starts_like_an_archive })
    }

    pub(super) fn length(&self) -> usize {
        match self {
            Self::File(source, _) => usize::try_from(source.len()).unwrap_or(usize::MAX),
            Self::Bytes { bytes, .. } => bytes.len(),
        }
    }

    /// Whether its digest is needed before it is known whether it may be loaded.
    pub(super) const fn is_judged(&self) -> bool {
        matches!(self, Self::File(_, claims) if !claims.is_empty())
    }

    /// Whether it is the archive of what the user adds, which may be secret.
    pub(super) fn is_added(&self) -> bool {
        matches!(self, Self::Bytes { origin, .. } if origin.added().is_some())
    }

    /// Fills `target` with its bytes from `at` on.
    pub(super) fn fill(&self, target: &mut [u8], at: usize) -> Result<(), Finding> {
        match self {
            Self::File(source, _) => source.read(target, at).map_err(|error| unusable(source.path(), error)),
            Self::Bytes { bytes, .. } => {
                let wanted = at.checked_add(target.len()).and_then(|end| bytes.get(at..end)).unwrap_or_default();
                target.iter_mut().zip(wanted).for_each(|(to, from)| *to = *from);
                Ok(())
            }
        }
    }

    /// Checks that its file did not change while it was read.
    pub(super) fn unchanged(&self) -> Result<(), Finding> {
        match self {
            Self::File(source, _) => source.unchanged().map_err(|error| unusable(source.path(), error)),
            Self::Bytes { .. } => Ok(()),
        }
    }
}

/// Reads the file of an initrd that is not loaded, with the digest of all its bytes.
pub(in super::super) fn read(path: &Path) -> Result<Hashed<Sealed>, Finding> {
    let whole = |_: &[u8], length| (Passing::new([vec![0..length]]), 0..0);
    Sealed::read_hashed(path, Keep::Private, &whole).map_err(|error| unusable(path, error))
}

/// Refuses a program in the place of an initrd: the kernel would load it, find nothing to unpack, and boot without its root.
fn no_program(path: Option<&Path>, format: Format) -> Result<(), Finding> {
    let what = match format {
        Format::BzImage => "it is a bzImage",
        Format::Elf => "it is an ELF file",
        Format::Uki | Format::Pe => "it is an EFI program",
        Format::Initrd | Format::Manifest | Format::Unknown => return Ok(()),
    };
    let finding = Finding::new(Reason::InitrdIsKernel, what);
    Err(match path {
        Some(path) => finding.in_file(path),
        None => finding,
    })
}

fn unusable(path: &Path, error: OpenError) -> Finding {
    let finding = Finding::from(error);
    let finding = if finding.reason == Reason::Empty { Reason::InitrdEmpty.into() } else { finding };
    finding.in_file(path)
}
