//! The PE32+ container of a signed kernel: where its headers, sections and certificate table lie.
//!
//! The rules are those of the kernel's `verify_pefile.c:pefile_parse_binary`, with the bounds that it leaves out; a rule
//! that is stricter than the kernel's has its own slug. Once [`Pe::parse`] and [`Pe::check_coverage`] succeed, the
//! signed bytes are exactly the file up to the certificate table, less the two fields that Authenticode leaves out.

use super::bytes::{array, size_at, u16_at};
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// Offsets of fields in a PE32+ optional header (PE format, "Optional Header Windows-Specific Fields").
mod field {
    pub(super) const SIZE_OF_IMAGE: usize = 56;
    pub(super) const SIZE_OF_HEADERS: usize = 60;
    pub(super) const CHECKSUM: usize = 64;
    pub(super) const SUBSYSTEM: usize = 68;
    pub(super) const DIRECTORY_COUNT: usize = 108;
    pub(super) const DIRECTORIES: usize = 112;
}

const COFF_HEADER: usize = 24;
const SECTION_HEADER: usize = 40;
const PE32_PLUS: u16 = 0x20b;
/// IMAGE_FILE_MACHINE_AMD64.
pub const MACHINE_X86_64: u16 = 0x8664;
/// IMAGE_SUBSYSTEM_EFI_APPLICATION.
pub const EFI_APPLICATION: u16 = 10;
const SECURITY_DIRECTORY: usize = 4;
/// The maximum number of sections, which is that of the Windows loader; a kernel has about five.
const MAX_SECTIONS: usize = 96;

/// A section's name and its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The eight bytes of `Name`, NUL-padded.
    pub name: [u8; 8],
    /// `PointerToRawData` and `SizeOfRawData`; within the file.
    pub raw: Range<usize>,
    /// `VirtualSize` in bytes: the length in memory. Where it is less than `raw`, the rest of `raw` is padding.
    pub virtual_size: usize,
    /// `VirtualAddress`: where firmware puts it, from the start of the image in memory.
    pub virtual_address: usize,
    /// `NumberOfRelocations`.
    pub relocations: u16,
}

impl Section {
    /// The name without its padding.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.name.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// A parsed PE32+ header; every range lies within the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pe {
    /// `Machine` of the COFF header; 0x8664 is x86-64.
    pub machine: u16,
    /// `Subsystem`; 10 is an EFI application.
    pub subsystem: u16,
    /// `SizeOfHeaders`.
    pub headers: Range<usize>,
    /// The `CheckSum` field, which no signature covers.
    pub checksum: Range<usize>,
    /// The certificate table's entry in the data directories, which no signature covers.
    pub security_entry: Range<usize>,
    /// The attribute certificate table, which ends at the end of the file; `None` in an unsigned image.
    pub certificate_table: Option<Range<usize>>,
    /// The sections with bytes in the file, ordered by their offsets.
    pub sections: Vec<Section>,
    /// All sections, in the order of the section table. The pointer of one without bytes in the file has no meaning.
    pub table: Vec<Section>,
    /// `SizeOfImage`: bytes of memory that firmware reserves.
    pub image_size: usize,
}

impl Pe {
    /// Whether the file claims to be a PE at all.
    #[must_use]
    pub fn claimed_by(bytes: &[u8]) -> bool {
        bytes.starts_with(b"MZ")
    }

    /// Parses the headers of a PE32+ file.
    ///
    /// # Errors
    /// The first rule that the headers break.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        Self::parse_head(bytes, bytes.len())
    }

    /// The same for a file of this length, of which only the first bytes are there, with the headers.
    ///
    /// # Errors
    /// The first rule that the headers break.
    pub fn parse_head(bytes: &[u8], length: usize) -> Result<Self, Finding> {
        let coff = coff_offset(bytes)?;
        let optional = coff.checked_add(COFF_HEADER).ok_or_else(too_short)?;
        let machine = u16_at(bytes, coff.saturating_add(4)).ok_or_else(too_short)?;
        let section_count = u16_at(bytes, coff.saturating_add(6)).ok_or_else(too_short)?;
        let optional_size = u16_at(bytes, coff.saturating_add(20)).ok_or_else(too_short)?;
        let magic = u16_at(bytes, optional).ok_or_else(too_short)?;
        if magic != PE32_PLUS {
            return Err(Finding::new(Reason::PeMagic, format!("magic {magic:#x}, wanted {PE32_PLUS:#x}")));
        }
        let directories = directory_count(bytes, optional, optional_size)?;
        let section_table = optional.saturating_add(field::DIRECTORIES).saturating_add(directories.saturating_mul(8));
        let headers = headers(bytes, length, optional, section_table, section_count)?;
        let security_entry = security_entry(optional);
        let certificate_table = certificate_table(bytes, length, &security_entry, headers.end)?;
        let covered = certificate_table.as_ref().map_or(length, |table| table.start);
        let table = table(bytes, section_table, section_count)?;
        let sections = sections(&table, headers.end, covered)?;
        let image_size = size_at(bytes, optional.saturating_add(field::SIZE_OF_IMAGE)).ok_or_else(too_short)?;
        let subsystem = u16_at(bytes, optional.saturating_add(field::SUBSYSTEM)).ok_or_else(too_short)?;
        let checksum = optional.saturating_add(field::CHECKSUM);
        Ok(Self {
            machine,
            subsystem,
            headers,
            checksum: checksum..checksum.saturating_add(4),
            security_entry,
            certificate_table,
            sections,
            table,
            image_size,
        })
    }

    /// What the image digest covers ("Calculating the PE Image Hash"): all bytes before the certificate table, without the CheckSum and
    /// the table's own entry in the data directories. `length` is that of the file.
    #[must_use]
    pub fn signed_ranges(&self, length: usize) -> [Range<usize>; 3] {
        let end = self.certificate_table.as_ref().map_or(length, |table| table.start);
        [0..self.checksum.start, self.checksum.end..self.security_entry.start, self.security_entry.end..end]
    }

    /// Checks that there is no gap between the headers and the sections, nor between two sections. The kernel's digest skips such
    /// gaps, so bytes in them could be changed after signing.
    ///
    /// # Errors
    /// `unsigned-gap`, with the offset of the first gap.
    pub fn check_coverage(&self) -> Result<(), Finding> {
        let mut end = self.headers.end;
        for section in &self.sections {
            if section.raw.start != end {
                let hole = format!("{:#x} to {:#x}", end, section.raw.start);
                return Err(Finding::new(Reason::UnsignedGap, hole));
            }
            end = section.raw.end;
        }
        Ok(())
    }
}

/// Where a file with padding behind it ends by its own headers: at the end of its certificate table. `None` for one without such a
/// table. Nothing else is checked: that is for [`Pe::parse`] of the bytes up to there.
///
/// # Errors
/// `pe-header`.
pub(super) fn stated_end(bytes: &[u8]) -> Result<Option<usize>, Finding> {
    let entry = security_entry(coff_offset(bytes)?.saturating_add(COFF_HEADER));
    Ok(stated_table(bytes, &entry)?.map(|table| table.end))
}

/// The data directory's entry of the certificate table.
fn security_entry(optional: usize) -> Range<usize> {
    let at = optional.saturating_add(field::DIRECTORIES).saturating_add(SECURITY_DIRECTORY * 8);
    at..at.saturating_add(8)
}

/// The certificate table by its entry, which may lead out of the file.
fn stated_table(bytes: &[u8], entry: &Range<usize>) -> Result<Option<Range<usize>>, Finding> {
    let offset = size_at(bytes, entry.start).ok_or_else(too_short)?;
    let size = size_at(bytes, entry.start.saturating_add(4)).ok_or_else(too_short)?;
    Ok((offset != 0 && size != 0).then(|| offset..offset.saturating_add(size)))
}

fn too_short() -> Finding {
    Finding::new(Reason::PeHeader, "the file ends within its headers")
}

/// The offset of `PE\0\0`, from `e_lfanew`.
fn coff_offset(bytes: &[u8]) -> Result<usize, Finding> {
    if !Pe::claimed_by(bytes) {
        return Err(Finding::new(Reason::PeHeader, "no MZ at the start"));
    }
    let offset = size_at(bytes, 0x3c).ok_or_else(too_short)?;
    if offset < 0x40 {
        return Err(Finding::new(Reason::PeHeader, format!("e_lfanew {offset:#x} lies within the DOS header")));
    }
    match array::<4>(bytes, offset) {
        Some(signature) if &signature == b"PE\0\0" => Ok(offset),
        Some(_) => Err(Finding::new(Reason::PeHeader, format!("no PE signature at {offset:#x}"))),
        None => Err(Finding::new(Reason::PeHeader, format!("e_lfanew {offset:#x} lies past the end"))),
    }
}

/// `NumberOfRvaAndSizes`, which must agree with `SizeOfOptionalHeader`: the kernel computes the offset of the section table from
/// the first, firmware from the second.
fn directory_count(bytes: &[u8], optional: usize, optional_size: u16) -> Result<usize, Finding> {
    let count = size_at(bytes, optional.saturating_add(field::DIRECTORY_COUNT)).ok_or_else(too_short)?;
    if !(5..=16).contains(&count) {
        return Err(Finding::new(Reason::PeDirs, format!("{count}, wanted 5 to 16")));
    }
    let wanted = field::DIRECTORIES.saturating_add(count.saturating_mul(8));
    if usize::from(optional_size) != wanted {
        return Err(Finding::new(Reason::PeOptHdrSize, format!("{optional_size}, wanted {wanted}")));
    }
    Ok(count)
}

fn headers(bytes: &[u8], length: usize, optional: usize, table: usize, sections: u16) -> Result<Range<usize>, Finding> {
    let count = usize::from(sections);
    if count == 0 || count > MAX_SECTIONS {
        return Err(Finding::new(Reason::PeSections, format!("{count} sections, wanted 1 to {MAX_SECTIONS}")));
    }
    let size = size_at(bytes, optional.saturating_add(field::SIZE_OF_HEADERS)).ok_or_else(too_short)?;
    let table_end = table.saturating_add(count.saturating_mul(SECTION_HEADER));
    if table_end > size {
        return Err(Finding::new(Reason::PeSections, format!("ends at {table_end:#x}, SizeOfHeaders is {size:#x}")));
    }
    if size >= length {
        return Err(Finding::new(Reason::PeHeader, format!("SizeOfHeaders {size:#x} lies past the end")));
    }
    Ok(0..size)
}

/// The table must end at the end of the file, because no digest would cover bytes after it.
fn certificate_table(
    bytes: &[u8],
    length: usize,
    entry: &Range<usize>,
    headers: usize,
) -> Result<Option<Range<usize>>, Finding> {
    let Some(table) = stated_table(bytes, entry)? else { return Ok(None) };
    let (offset, size) = (table.start, table.len());
    if offset < headers || table.end != length {
        let seen = format!("{offset:#x} with {size:#x} bytes, the file has {length:#x}");
        return Err(Finding::new(Reason::CertTableBounds, seen));
    }
    if size < 8 {
        return Err(Finding::new(Reason::CertTableBounds, format!("{size} bytes hold no WIN_CERTIFICATE")));
    }
    if !offset.is_multiple_of(8) {
        return Err(Finding::new(Reason::CertTableAlign, format!("it starts at {offset:#x}")));
    }
    Ok(Some(table))
}

fn table(bytes: &[u8], table: usize, count: u16) -> Result<Vec<Section>, Finding> {
    let row = |index| table.saturating_add(usize::saturating_mul(index, SECTION_HEADER));
    (0..usize::from(count)).map(|index| section(bytes, row(index)).ok_or_else(too_short)).collect()
}

fn sections(table: &[Section], headers: usize, covered: usize) -> Result<Vec<Section>, Finding> {
    let mut sections = Vec::with_capacity(table.len());
    // A section without bytes in the file (.bss) is ignored; its pointer has no meaning.
    for section in table.iter().filter(|section| !section.raw.is_empty()) {
        if section.raw.start < headers || section.raw.end > covered {
            let name = String::from_utf8_lossy(section.name()).into_owned();
            let seen = format!("{name} at {:#x} to {:#x}", section.raw.start, section.raw.end);
            return Err(Finding::new(Reason::SectionBounds, seen));
        }
        sections.push(section.clone());
    }
    sections.sort_by_key(|section| section.raw.start);
    for (one, next) in sections.iter().zip(sections.iter().skip(1)) {
        if next.raw.start < one.raw.end {
            let seen = format!("{:#x} lies before {:#x}", next.raw.start, one.raw.end);
            return Err(Finding::new(Reason::SectionOverlap, seen));
        }
    }
    Ok(sections)
}

fn section(bytes: &[u8], at: usize) -> Option<Section> {
    let start = size_at(bytes, at.checked_add(20)?)?;
    let end = start.checked_add(size_at(bytes, at.checked_add(16)?)?)?;
    Some(Section {
        name: array(bytes, at)?,
        raw: start..end,
        virtual_size: size_at(bytes, at.checked_add(8)?)?,
        virtual_address: size_at(bytes, at.checked_add(12)?)?,
        relocations: u16_at(bytes, at.checked_add(32)?)?,
    })
}

#[cfg(test)]
mod tests;
