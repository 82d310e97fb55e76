//! A file together with its parse.

use super::bzimage::SetupHeader;
use super::elf::{self, Vmlinux};
use super::pe::{self, Pe};
use super::uki::{self, Uki};
use super::{Format, Kernel, initrd, manifest};
use crate::digest::Hashed;
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// A file that was parsed once. Bytes and parse stay together, so that the parse of one file is never used with the bytes of
/// another. The judgement, the load and the report use this parse.
///
/// Having one says nothing about who made the file, nor that the file can be booted.
#[derive(Debug)]
pub struct Parsed<B> {
    file: Hashed<B>,
    format: Format,
    pe: Option<Result<Pe, Finding>>,
    uki: Option<Result<Uki, Finding>>,
    kernel: Result<Inner, Finding>,
}

/// A kernel, and where it lies in the file.
#[derive(Debug)]
struct Inner {
    at: Range<usize>,
    image: Kernel,
}

impl<B: AsRef<[u8]>> Parsed<B> {
    /// Parses a file; of a UKI with profiles, the first. This never fails: the parse holds the errors that were found.
    pub fn new(bytes: B) -> Self {
        Self::with_profile(bytes, None)
    }

    /// Parses a file, and chooses the profile of a UKI by its number or its ID.
    pub fn with_profile(bytes: B, profile: Option<&str>) -> Self {
        Self::of(Hashed::new(bytes), profile)
    }

    /// The same for a file of which digests are known.
    pub(crate) fn of(file: Hashed<B>, profile: Option<&str>) -> Self {
        let pe = Pe::claimed_by(file.bytes()).then(|| Pe::parse(file.bytes()));
        let format = format(file.bytes(), pe.as_ref());
        let uki = match &pe {
            Some(Ok(pe)) if matches!(format, Format::Uki | Format::Pe) && uki::claimed_by(pe) => {
                Some(Uki::parse(file.bytes(), pe, profile))
            }
            _ => None,
        };
        let kernel = match (&uki, profile) {
            (None, Some(profile)) => {
                Err(Finding::new(Reason::UkiProfile, format!("{profile} was asked for, and the file is no UKI")))
            }
            (Some(uki), _) => uki.as_ref().map_err(Clone::clone).and_then(|uki| of_uki(file.bytes(), uki)),
            (None, None) => {
                kernel(file.bytes(), format, pe.as_ref()).map(|image| Inner { at: 0..file.bytes().len(), image })
            }
        };
        Self { file, format, pe, uki, kernel }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// The bytes of the kernel: those of a UKI's `.linux`, or all of another file.
    ///
    /// # Errors
    /// Those of [`Self::loadable`].
    pub fn kernel_bytes(&self) -> Result<&[u8], &Finding> {
        self.kernel.as_ref().map(|inner| self.bytes().get(inner.at.clone()).unwrap_or_default())
    }

    /// The kernel in a UKI, as a file of its own that shares the digests; `None` for another file, or without a kernel that can be
    /// booted.
    pub fn linux(&self) -> Option<Hashed<&[u8]>> {
        self.uki.as_ref()?;
        self.kernel.as_ref().ok().map(|inner| self.file.part(inner.at.clone()))
    }
}

impl<B> Parsed<B> {
    /// The bytes, and their digests.
    pub const fn file(&self) -> &Hashed<B> {
        &self.file
    }

    /// The source of the bytes, without the parse.
    pub fn into_owner(self) -> B {
        self.file.into_owner()
    }

    /// The format that the file claims to have.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Its PE headers; `None` for a file that does not claim to be a PE.
    ///
    /// # Errors
    /// The first rule of [`Pe::parse`] that the headers break.
    pub fn pe(&self) -> Option<Result<&Pe, &Finding>> {
        self.pe.as_ref().map(Result::as_ref)
    }

    /// The sections of a UKI, or of an add-on to UKIs; `None` for another file.
    ///
    /// # Errors
    /// The first rule of [`Uki::parse`] that the sections break.
    pub fn uki(&self) -> Option<Result<&Uki, &Finding>> {
        self.uki.as_ref().map(Result::as_ref)
    }

    /// The kernel in the file, if it can be booted; its signature does not matter here. Of a UKI, it is the kernel in `.linux`.
    ///
    /// # Errors
    /// `not-a-kernel`, `unsupported-format`, what is wrong with the setup_header or the ELF headers; those of [`Uki::parse`],
    /// `uki-missing`, `uki-uname`.
    pub fn loadable(&self) -> Result<&Kernel, &Finding> {
        self.kernel.as_ref().map(|inner| &inner.image)
    }
}

/// The kernel of a UKI. What is wrong with it has the kernel's own reason, and the message names the section.
fn of_uki(bytes: &[u8], uki: &Uki) -> Result<Inner, Finding> {
    let at = uki.linux()?;
    let linux = bytes.get(at.clone()).unwrap_or_default();
    let pe = Pe::claimed_by(linux).then(|| Pe::parse(linux));
    let within = |finding: Finding| {
        let gap = if finding.detail.is_empty() { "" } else { ": " };
        Finding::new(finding.reason, format!(".linux{gap}{}", finding.detail))
    };
    let image = kernel(linux, format(linux, pe.as_ref()), pe.as_ref()).map_err(within)?;
    uki.names_release(bytes, image.release())?;
    Ok(Inner { at, image })
}

/// Recognises the format by the first bytes, never by the file's name.
fn format(bytes: &[u8], pe: Option<&Result<Pe, Finding>>) -> Format {
    match pe {
        _ if SetupHeader::claimed_by(bytes) => Format::BzImage,
        _ if elf::claimed_by(bytes) => Format::Elf,
        Some(Ok(pe)) if pe.table.iter().any(|section| section.name() == b".linux") => Format::Uki,
        Some(_) => Format::Pe,
        None if initrd::claimed_by(bytes) => Format::Initrd,
        None if manifest::claimed_by(bytes) => Format::Manifest,
        None => Format::Unknown,
    }
}

fn kernel(bytes: &[u8], format: Format, pe: Option<&Result<Pe, Finding>>) -> Result<Kernel, Finding> {
    match format {
        Format::BzImage => {
            let header = SetupHeader::parse(bytes)?;
            if let Some(Ok(pe)) = pe {
                agree(&header, pe)?;
            }
            Ok(Kernel::BzImage(header))
        }
        Format::Elf => Vmlinux::parse(bytes).map(Kernel::Elf),
        Format::Uki => Err(Finding::new(Reason::NotAKernel, "a UKI")),
        // Headers that nobody can read do not tell what the file is.
        Format::Pe => Err(match pe {
            Some(Err(finding)) => finding.clone(),
            _ => Finding::new(Reason::NotAKernel, "an EFI program"),
        }),
        Format::Initrd => Err(Finding::new(Reason::NotAKernel, "it looks like an initrd")),
        Format::Manifest => Err(Finding::new(Reason::NotAKernel, "it is a manifest")),
        Format::Unknown => Err(Finding::new(Reason::NotAKernel, "neither bzImage nor PE nor ELF")),
    }
}

/// The setup_header and the PE headers must describe the same kernel: for this architecture, and all of it signed.
fn agree(header: &SetupHeader, pe: &Pe) -> Result<(), Finding> {
    if pe.machine != pe::MACHINE_X86_64 {
        return Err(Finding::new(
            Reason::PeHeader,
            format!("Machine {:#x}, wanted {:#x}", pe.machine, pe::MACHINE_X86_64),
        ));
    }
    match &pe.certificate_table {
        Some(table) if header.end() > table.start => {
            let seen = format!(
                "by its setup_header it ends at {:#x}, its signature starts at {:#x}",
                header.end(),
                table.start
            );
            Err(Finding::new(Reason::Truncated, seen))
        }
        _ => Ok(()),
    }
}
