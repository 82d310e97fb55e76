//! The attribute certificate table: WIN_CERTIFICATE entries, and the directory entry that points to them.

use crate::pe::{get16, get32, put32};

/// One WIN_CERTIFICATE.
#[derive(Debug, Clone)]
pub struct Entry {
    /// dwLength, if it is not the padded size.
    pub length: Option<u32>,
    pub revision: u16,
    pub kind: u16,
    pub data: Vec<u8>,
    /// Whether dwLength includes the padding to a multiple of eight, as sbsign does it.
    pub count_padding: bool,
    pub padding: u8,
}

impl Entry {
    #[must_use]
    pub fn pkcs7(der: Vec<u8>) -> Self {
        Self { length: None, revision: 0x200, kind: 2, data: der, count_padding: true, padding: 0 }
    }

    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let size = 8 + self.data.len();
        let padded = size.next_multiple_of(8);
        let counted = if self.count_padding { padded } else { size };
        let mut out = self.length.unwrap_or(counted as u32).to_le_bytes().to_vec();
        out.extend(self.revision.to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        out.extend(&self.data);
        out.resize(padded, self.padding);
        out
    }
}

/// The table and its directory entry.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
    /// Bytes after the entries, inside the table.
    pub junk: Vec<u8>,
    /// Bytes after the table.
    pub after: Vec<u8>,
    pub says_address: Option<u32>,
    pub says_size: Option<u32>,
}

impl Table {
    #[must_use]
    pub fn of(der: Vec<u8>) -> Self {
        Self { entries: vec![Entry::pkcs7(der)], ..Self::default() }
    }

    /// The file with the table at its end, the directory entry set, and a valid CheckSum.
    #[must_use]
    pub fn attach(&self, image: &[u8]) -> Vec<u8> {
        let mut table: Vec<u8> = self.entries.iter().flat_map(Entry::build).collect();
        table.extend(&self.junk);
        let at = directory(image);
        let mut file = [image, &table].concat();
        put32(&mut file, at, self.says_address.unwrap_or(image.len() as u32));
        put32(&mut file, at + 4, self.says_size.unwrap_or(table.len() as u32));
        file.extend(&self.after);
        set_checksum(&mut file);
        file
    }
}

/// Where the fifth data directory is.
#[must_use]
pub fn directory(file: &[u8]) -> usize {
    let optional = get32(file, 0x3c) as usize + 24;
    optional + if get16(file, optional) == 0x10b { 96 } else { 112 } + 4 * 8
}

/// The CheckSum: the sum of all 16-bit words with carries added back, plus the length. The PE specification refers to IMAGHELP.DLL
/// for it. Boot loaders and kernels ignore it, but signing tools set it.
pub fn set_checksum(file: &mut [u8]) {
    let at = get32(file, 0x3c) as usize + 24 + 64;
    put32(file, at, 0);
    let word = |pair: &[u8]| u32::from(pair[0]) | u32::from(*pair.get(1).unwrap_or(&0)) << 8;
    let sum = file.chunks(2).fold(0_u32, |sum, pair| {
        let sum = sum + word(pair);
        (sum & 0xffff) + (sum >> 16)
    });
    put32(file, at, sum + file.len() as u32);
}
