//! The sections of a UKI: their names, their content in the file, and their places in memory.

use super::super::pe::{Pe, Section};
use super::{linux, text};
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// The name of a section of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// `.linux`: the kernel.
    Linux,
    /// `.initrd`: the initrd.
    Initrd,
    /// `.cmdline`: the command line.
    Cmdline,
    /// `.ucode`: a cpio archive with microcode, which the kernel must find first.
    Ucode,
    /// `.uname`: the release of the kernel.
    Uname,
    /// `.osrel`: the os-release file of the system.
    Osrel,
    /// `.sbat`: generations, for revocation.
    Sbat,
    /// `.splash`: a picture.
    Splash,
    /// `.dtb`: a device tree.
    Dtb,
    /// `.dtbauto`: a device tree for the machines that it names.
    DtbAuto,
    /// `.hwids`: identifiers of machines, for `.dtbauto` and `.efifw`.
    HwIds,
    /// `.efifw`: firmware for the machines that it names.
    EfiFw,
    /// `.pcrsig`: signatures of expected TPM measurements.
    PcrSig,
    /// `.pcrpkey`: the public key for `.pcrsig`.
    PcrPkey,
    /// `.profile`: the start of a profile.
    Profile,
}

/// All names as they stand in the section table.
const NAMES: [(Name, &str); 15] = [
    (Name::Linux, ".linux"),
    (Name::Initrd, ".initrd"),
    (Name::Cmdline, ".cmdline"),
    (Name::Ucode, ".ucode"),
    (Name::Uname, ".uname"),
    (Name::Osrel, ".osrel"),
    (Name::Sbat, ".sbat"),
    (Name::Splash, ".splash"),
    (Name::Dtb, ".dtb"),
    (Name::DtbAuto, ".dtbauto"),
    (Name::HwIds, ".hwids"),
    (Name::EfiFw, ".efifw"),
    (Name::PcrSig, ".pcrsig"),
    (Name::PcrPkey, ".pcrpkey"),
    (Name::Profile, ".profile"),
];

impl Name {
    /// The name that a section has in the table; `None` for other sections, such as `.text`.
    #[must_use]
    pub fn of(name: &[u8]) -> Option<Self> {
        NAMES.iter().find(|(_, text)| text.as_bytes() == name).map(|(known, _)| *known)
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'static str {
        NAMES.iter().find(|(name, _)| *name == self).map_or("", |(_, text)| text)
    }

    /// Whether a profile may have several sections of the name: for several machines, of which one chooses its own.
    const fn may_repeat(self) -> bool {
        matches!(self, Self::Dtb | Self::DtbAuto | Self::EfiFw)
    }
}

/// A section with a name of the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The name.
    pub name: Name,
    /// The number of the profile that it belongs to; `None` for the base.
    pub profile: Option<usize>,
    /// Where its content lies in the file: `VirtualSize` bytes, without the padding of the section. A `.linux` with more than the section
    /// has in the file ends where its own headers say.
    pub at: Range<usize>,
}

impl Part {
    /// The text of a section, without blanks, control characters and NULs around it; `None` for one that is no text.
    #[must_use]
    pub fn text<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        text::trimmed(bytes.get(self.at.clone())?)
    }
}

/// The sections of the specification, in the order of the section table. Each `.profile` starts a profile, and belongs to it.
pub(super) fn parts(bytes: &[u8], pe: &Pe) -> Result<Vec<Part>, Finding> {
    let mut parts: Vec<Part> = Vec::new();
    let mut profile: Option<usize> = None;
    for section in &pe.table {
        let Some(name) = Name::of(section.name()) else { continue };
        if name == Name::Profile {
            profile = Some(profile.map_or(0, |number| number.saturating_add(1)));
        }
        let doubled = parts.iter().any(|part| part.name == name && part.profile == profile);
        if doubled && !name.may_repeat() {
            let of = profile.map_or_else(|| "the base".to_owned(), |number| format!("profile {number}"));
            return Err(Finding::new(Reason::UkiDoubled, format!("{of} has two sections {}", name.text())));
        }
        parts.push(Part { name, profile, at: content(bytes, section, name)? });
    }
    Ok(parts)
}

fn content(bytes: &[u8], section: &Section, name: Name) -> Result<Range<usize>, Finding> {
    if section.raw.is_empty() || section.virtual_size == 0 {
        return Err(Finding::new(Reason::UkiEmpty, name.text()));
    }
    if section.virtual_size <= section.raw.len() {
        return Ok(section.raw.start..section.raw.start.saturating_add(section.virtual_size));
    }
    let larger = match name {
        Name::Linux => linux::content(bytes, section),
        _ => Err(String::new()),
    };
    larger.map_err(|why| {
        let gap = if why.is_empty() { "" } else { "; " };
        let sizes = format!("VirtualSize {:#x}, SizeOfRawData {:#x}", section.virtual_size, section.raw.len());
        Finding::new(Reason::UkiSize, format!("{}: {sizes}{gap}{why}", name.text()))
    })
}

/// Demands that firmware, which copies the headers and then each section to its `VirtualAddress`, puts nothing over anything else: the
/// stub would find other bytes than those that lie in the file.
pub(super) fn apart_in_memory(pe: &Pe) -> Result<(), Finding> {
    let mut places: Vec<_> = pe.table.iter().map(|section| (name(section), memory(section))).collect();
    places.push(("the headers".to_owned(), pe.headers.clone()));
    places.sort_by_key(|(_, memory)| memory.start);
    let mut last: Option<(String, usize)> = None;
    for (name, memory) in places.into_iter().filter(|(_, memory)| !memory.is_empty()) {
        if memory.end > pe.image_size {
            let seen = format!("{name} ends at {:#x} in memory, SizeOfImage is {:#x}", memory.end, pe.image_size);
            return Err(Finding::new(Reason::SectionBounds, seen));
        }
        if let Some((before, end)) = last.filter(|(_, end)| memory.start < *end) {
            let seen = format!("in memory {name} starts at {:#x}, before {before} ends at {end:#x}", memory.start);
            return Err(Finding::new(Reason::SectionOverlap, seen));
        }
        last = Some((name, memory.end));
    }
    Ok(())
}

/// What firmware fills: as much as it reserves, or as it copies, whichever is more.
fn memory(section: &Section) -> Range<usize> {
    let start = section.virtual_address;
    let copied = if section.virtual_size == 0 { section.raw.len() } else { 0 };
    start..start.saturating_add(section.virtual_size.max(copied))
}

fn name(section: &Section) -> String {
    String::from_utf8_lossy(section.name()).into_owned()
}
