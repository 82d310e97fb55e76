//! A writer of PE32+ files (PE format specification, revision 11) in which every count and offset can be wrong.

/// One section header and the bytes it points to.
#[derive(Debug, Clone)]
pub struct Section {
    pub name: &'static [u8],
    pub data: Vec<u8>,
    /// The size of a gap before the data, in bytes.
    pub gap: usize,
    pub raw_pointer: Option<u32>,
    pub raw_size: Option<u32>,
    pub virtual_size: Option<u32>,
    pub virtual_address: Option<u32>,
    pub relocations: u16,
    pub flags: u32,
}

impl Section {
    #[must_use]
    pub fn new(name: &'static [u8], data: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            data: data.into(),
            gap: 0,
            raw_pointer: None,
            raw_size: None,
            virtual_size: None,
            virtual_address: None,
            relocations: 0,
            flags: 0x4000_0040,
        }
    }
}

/// Everything in the file up to the certificate table.
#[derive(Debug, Clone)]
pub struct Pe {
    pub lfanew: usize,
    pub machine: u16,
    /// Write the 32-bit optional header.
    pub pe32: bool,
    /// SizeOfHeaders; the first section starts there.
    pub headers: usize,
    pub says_headers: Option<u32>,
    /// The number of data directories in the file, and the number in the header.
    pub directories: usize,
    pub says_directories: Option<u32>,
    pub says_optional_size: Option<u16>,
    pub says_sections: Option<u16>,
    pub sections: Vec<Section>,
    /// The order of the section headers, if it differs from the order of their data.
    pub header_order: Option<Vec<usize>>,
    /// Bytes after the last section.
    pub tail: Vec<u8>,
    /// SizeOfImage; in a kernel it is init_size plus the size of the setup part.
    pub image_size: u32,
    /// AddressOfEntryPoint.
    pub entry: u32,
    pub subsystem: u16,
}

const EFI_APPLICATION: u16 = 10;
pub(crate) const FILE_ALIGNMENT: usize = 0x200;

impl Pe {
    #[must_use]
    pub fn new(headers: usize, sections: Vec<Section>) -> Self {
        Self {
            lfanew: 0x40,
            machine: 0x8664,
            pe32: false,
            headers,
            says_headers: None,
            directories: 6,
            says_directories: None,
            says_optional_size: None,
            says_sections: None,
            sections,
            header_order: None,
            tail: Vec::new(),
            image_size: 0x10_0000,
            entry: headers as u32,
            subsystem: EFI_APPLICATION,
        }
    }

    fn fixed_optional_size(&self) -> usize {
        if self.pe32 { 96 } else { 112 }
    }

    /// The offset of the certificate table's directory entry, even if there is none.
    #[must_use]
    pub fn certificate_entry(&self) -> usize {
        self.lfanew + 24 + self.fixed_optional_size() + 4 * 8
    }

    /// Where the section headers start.
    #[must_use]
    pub fn section_table(&self) -> usize {
        self.lfanew + 24 + self.fixed_optional_size() + self.directories * 8
    }

    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut file = vec![0; self.headers];
        file[..2].copy_from_slice(b"MZ");
        put32(&mut file, 0x3c, self.lfanew as u32);
        self.write_coff(&mut file);
        self.write_optional(&mut file);
        let offsets = self.write_data(&mut file);
        let order = self.header_order.clone().unwrap_or_else(|| (0..self.sections.len()).collect());
        for (row, &i) in order.iter().enumerate() {
            write_section(&mut file[self.section_table() + row * 40..], &self.sections[i], offsets[i]);
        }
        file.extend(&self.tail);
        file
    }

    fn write_coff(&self, file: &mut [u8]) {
        let at = self.lfanew;
        file[at..at + 4].copy_from_slice(b"PE\0\0");
        put16(file, at + 4, self.machine);
        put16(file, at + 6, self.says_sections.unwrap_or(self.sections.len() as u16));
        let optional = self.fixed_optional_size() + self.directories * 8;
        put16(file, at + 20, self.says_optional_size.unwrap_or(optional as u16));
        put16(file, at + 22, 0x206);
    }

    fn write_optional(&self, file: &mut [u8]) {
        let at = self.lfanew + 24;
        put16(file, at, if self.pe32 { 0x10b } else { 0x20b });
        let code = self.sections.iter().map(|s| s.data.len()).sum::<usize>();
        put32(file, at + 4, code as u32);
        put32(file, at + 16, self.entry);
        put32(file, at + 20, self.headers as u32);
        put32(file, at + 32, 0x1000);
        put32(file, at + 36, FILE_ALIGNMENT as u32);
        put32(file, at + 56, self.image_size);
        put32(file, at + 60, self.says_headers.unwrap_or(self.headers as u32));
        put16(file, at + 68, self.subsystem);
        // DllCharacteristics has NX_COMPAT, as in kernels since 6.2.
        put16(file, at + 70, 0x100);
        let count = self.says_directories.unwrap_or(self.directories as u32);
        put32(file, at + self.fixed_optional_size() - 4, count);
    }

    /// Appends the sections' data; returns the offset of each.
    fn write_data(&self, file: &mut Vec<u8>) -> Vec<usize> {
        let mut offsets = Vec::new();
        for section in &self.sections {
            file.resize(file.len() + section.gap, 0xcc);
            offsets.push(file.len());
            file.extend(&section.data);
            file.resize(file.len().next_multiple_of(FILE_ALIGNMENT), 0);
        }
        offsets
    }
}

fn write_section(row: &mut [u8], section: &Section, offset: usize) {
    let raw = section.data.len().next_multiple_of(FILE_ALIGNMENT) as u32;
    row[..section.name.len()].copy_from_slice(section.name);
    put32(row, 8, section.virtual_size.unwrap_or(section.data.len() as u32));
    put32(row, 12, section.virtual_address.unwrap_or(offset as u32));
    put32(row, 16, section.raw_size.unwrap_or(raw));
    put32(row, 20, section.raw_pointer.unwrap_or(offset as u32));
    put16(row, 32, section.relocations);
    put32(row, 36, section.flags);
}

pub fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

pub fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[must_use]
pub fn get16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

#[must_use]
pub fn get32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// `SizeOfImage` of a finished file.
#[must_use]
pub fn image_size(file: &[u8]) -> u32 {
    get32(file, get32(file, 0x3c) as usize + 24 + 56)
}
