//! The stub, a PE to which sections are appended (PE format, "Section Table"). What is appended is placed as the loader demands it:
//! without gaps in the file, and on pages of its own in memory.

use super::parts::{Kernel, Section};
use super::sbat;
use crate::bytes::{put_at, u16_at, u32_at};
use crate::failure::Failure;
use skexec::image::Parsed;
use skexec::image::pe::Pe;
use std::fs;
use std::path::{Path, PathBuf};

const COFF: usize = 24;
const SECTION_HEADER: usize = 40;
const PAGE: usize = 4096;
/// IMAGE_DLLCHARACTERISTICS_NX_COMPAT.
const NX_COMPAT: u16 = 0x100;

/// Offsets from the start of the optional header (PE32+).
mod field {
    pub(super) const INITIALIZED_DATA: usize = 8;
    pub(super) const SECTION_ALIGNMENT: usize = 32;
    pub(super) const FILE_ALIGNMENT: usize = 36;
    pub(super) const SIZE_OF_IMAGE: usize = 56;
    pub(super) const DLL_CHARACTERISTICS: usize = 70;
    pub(super) const DIRECTORIES: usize = 112;
    /// The entry of the certificate table, from which the parse gives the offset.
    pub(super) const SECURITY: usize = DIRECTORIES + 4 * 8;
}

pub(super) struct Stub {
    path: PathBuf,
    bytes: Vec<u8>,
    pe: Pe,
    /// Offset of the optional header.
    optional: usize,
    /// Offset of the section headers, and of the next one to write.
    headers: usize,
    next_header: usize,
    file_alignment: usize,
    /// Where the next section goes in memory.
    next_address: usize,
    section_alignment: usize,
}

impl Stub {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error).advise(WHERE))?;
        Self::new(path, bytes)
    }

    fn new(path: &Path, mut bytes: Vec<u8>) -> Result<Self, Failure> {
        let about = |what: &str| Failure::unsuitable(format!("{}: {what}", path.display())).advise(WHERE);
        let pe = Pe::parse(&bytes).map_err(|finding| Failure::found(path, &finding))?;
        pe.check_coverage().map_err(|finding| Failure::found(path, &finding))?;
        if pe.certificate_table.is_some() {
            return Err(about("the stub is signed; sections cannot be appended to it"));
        }
        let malformed = || about("the stub's headers are malformed");
        let optional = pe.security_entry.start.checked_sub(field::SECURITY).ok_or_else(malformed)?;
        let number = |offset: usize| {
            u32_at(&bytes, optional.saturating_add(offset)).and_then(|number| usize::try_from(number).ok())
        };
        let section_alignment =
            number(field::SECTION_ALIGNMENT).filter(|n| n.is_power_of_two()).ok_or_else(malformed)?;
        let file_alignment = number(field::FILE_ALIGNMENT).filter(|n| n.is_power_of_two()).ok_or_else(malformed)?;
        let section_alignment = section_alignment.max(PAGE);
        let headers = table(&bytes, optional).ok_or_else(malformed)?;
        let next_address = end_in_memory(&pe).checked_next_multiple_of(section_alignment).ok_or_else(malformed)?;
        let end = pe.sections.last().map_or(pe.headers.end, |section| section.raw.end);
        if !end.is_multiple_of(file_alignment) {
            return Err(about("the stub's last section does not end on its FileAlignment"));
        }
        cut(&mut bytes, optional, end);
        let next_header = headers.saturating_add(pe.table.len().saturating_mul(SECTION_HEADER));
        let path = path.to_owned();
        Ok(Self { path, bytes, pe, optional, headers, next_header, file_alignment, next_address, section_alignment })
    }

    /// Checks that the stub and the kernel are for the same processor. Clears NX_COMPAT where the kernel does not have it: firmware
    /// that enforces it would start the stub, and then stop the kernel.
    pub(super) fn suit(&mut self, kernel: &Kernel) -> Result<(), Failure> {
        let parsed = Parsed::new(&kernel.bytes);
        let Some(Ok(pe)) = parsed.pe() else { return Ok(()) };
        if pe.machine != self.pe.machine {
            let (stub, kernel) = (self.path.display(), kernel.path.display());
            let what = format!("{stub} and {kernel} are for different processors");
            return Err(Failure::unsuitable(what).advise("give the stub of the kernel's processor with --stub"));
        }
        let its = pe.security_entry.start.saturating_sub(field::SECURITY).saturating_add(field::DLL_CHARACTERISTICS);
        let own = self.optional.saturating_add(field::DLL_CHARACTERISTICS);
        let (its, old) = (u16_at(&kernel.bytes, its).unwrap_or(0), u16_at(&self.bytes, own).unwrap_or(0));
        if its & NX_COMPAT == 0 {
            put_at(&mut self.bytes, own, &(old & !NX_COMPAT).to_le_bytes());
        }
        Ok(())
    }

    /// Adds entries to the stub's own `.sbat`, or gives it one: an image must not have two.
    pub(super) fn merge_sbat(&mut self, entries: &[u8]) -> Result<(), Failure> {
        let Some(raw) = self.pe.sections.iter().find(|section| section.name() == b".sbat").map(|own| own.raw.clone())
        else {
            return self.append(&Section::data(".sbat", sbat::merged(&[], entries)));
        };
        let own = self.bytes.get(raw.clone()).unwrap_or_default();
        let mut merged = sbat::merged(own.split(|byte| *byte == 0).next().unwrap_or_default(), entries);
        let size = merged.len();
        if size > raw.len() {
            let what = format!("{}: its .sbat has no room for {size} bytes of SBAT entries", self.path.display());
            return Err(Failure::unsuitable(what).advise(WHERE));
        }
        merged.resize(raw.len(), 0);
        put_at(&mut self.bytes, raw.start, &merged);
        let row = self.pe.table.iter().position(|section| section.name() == b".sbat").unwrap_or_default();
        let header = self.headers.saturating_add(row.saturating_mul(SECTION_HEADER));
        let size = self.fit(size)?;
        put_at(&mut self.bytes, header.saturating_add(8), &size);
        Ok(())
    }

    pub(super) fn append(&mut self, section: &Section) -> Result<(), Failure> {
        if self.pe.sections.iter().any(|own| own.name() == section.name.as_bytes()) {
            let what = format!("{}: the stub has a section {} already", self.path.display(), section.name);
            return Err(Failure::unsuitable(what).advise(WHERE));
        }
        let after = self.next_header.saturating_add(SECTION_HEADER);
        if after > self.pe.headers.end {
            let what =
                format!("{}: its headers have no room for another section ({})", self.path.display(), section.name);
            return Err(Failure::unsuitable(what).advise(ROOM));
        }
        let header = self.header(section)?;
        put_at(&mut self.bytes, self.next_header, &header);
        self.next_header = after;
        self.bytes.extend(&section.content);
        self.bytes.resize(self.bytes.len().next_multiple_of(self.file_alignment), 0);
        let end = self.next_address.saturating_add(section.content.len());
        self.next_address = end.checked_next_multiple_of(self.section_alignment).ok_or_else(|| self.too_large())?;
        self.count(section.content.len())
    }

    /// Name, VirtualSize, VirtualAddress, SizeOfRawData, PointerToRawData, twelve zero bytes, Characteristics.
    fn header(&self, section: &Section) -> Result<Vec<u8>, Failure> {
        let mut header = section.name.as_bytes().to_vec();
        header.resize(8, 0);
        let size = section.content.len();
        let raw = size.checked_next_multiple_of(self.file_alignment).ok_or_else(|| self.too_large())?;
        for number in [size, self.next_address, raw, self.bytes.len()] {
            header.extend(self.fit(number)?);
        }
        header.extend([0; 12]);
        header.extend(section.flags.to_le_bytes());
        Ok(header)
    }

    /// NumberOfSections and SizeOfInitializedData.
    fn count(&mut self, size: usize) -> Result<(), Failure> {
        let at = self.optional.saturating_sub(COFF).saturating_add(6);
        let count = u16_at(&self.bytes, at).unwrap_or(0).saturating_add(1);
        put_at(&mut self.bytes, at, &count.to_le_bytes());
        let at = self.optional.saturating_add(field::INITIALIZED_DATA);
        let data = u32_at(&self.bytes, at).and_then(|data| usize::try_from(data).ok()).unwrap_or(0);
        let data = self.fit(data.saturating_add(size))?;
        put_at(&mut self.bytes, at, &data);
        Ok(())
    }

    /// The image with its SizeOfImage; the CheckSum comes with the signature.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Failure> {
        let size = self.fit(self.next_address)?;
        put_at(&mut self.bytes, self.optional.saturating_add(field::SIZE_OF_IMAGE), &size);
        Ok(self.bytes)
    }

    fn fit(&self, number: usize) -> Result<[u8; 4], Failure> {
        u32::try_from(number).map(u32::to_le_bytes).map_err(|_| self.too_large())
    }

    fn too_large(&self) -> Failure {
        Failure::unsuitable(format!("on {}: the image would be larger than a PE can be: 4 GiB", self.path.display()))
    }
}

const WHERE: &str = "give the stub of systemd-boot with --stub; Debian's package systemd-boot-efi has it";
const ROOM: &str = "use the stub of systemd 257 or later, or fewer options and profiles";

/// Where the section headers start in the file: behind the optional header.
fn table(bytes: &[u8], optional: usize) -> Option<usize> {
    // SizeOfOptionalHeader.
    let size = u16_at(bytes, optional.checked_sub(4)?)?;
    optional.checked_add(usize::from(size))
}

/// The end of the last section in memory.
fn end_in_memory(pe: &Pe) -> usize {
    let end = |section: &skexec::image::pe::Section| {
        section.virtual_address.saturating_add(section.virtual_size.max(section.raw.len()))
    };
    pe.table.iter().map(end).chain([pe.headers.end]).max().unwrap_or_default()
}

/// Takes off what follows the last section: the symbol table of a stub that was not stripped.
fn cut(bytes: &mut Vec<u8>, optional: usize, end: usize) {
    if bytes.len() > end {
        bytes.truncate(end);
        // PointerToSymbolTable and NumberOfSymbols.
        put_at(bytes, optional.saturating_sub(COFF).saturating_add(12), &[0; 8]);
    }
}
