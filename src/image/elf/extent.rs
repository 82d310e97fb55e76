//! Where an ELF file ends, by its own headers.

use super::super::bytes::{array, u16_at, u32_at, u64_at};

const SHT_NOBITS: u32 = 8;

/// The end of an ELF file of 64 bits: of its header, of both tables of headers, and of what these name. `None` where a header
/// is missing or an end cannot be computed.
pub(in crate::image) fn extent(bytes: &[u8]) -> Option<usize> {
    let program = Table::of(bytes, 0x20, 0x36)?;
    let sections = Table::of(bytes, 0x28, 0x3a)?;
    let mut end = u64::from(u16_at(bytes, 0x34)?).max(program.end()?).max(sections.end()?);
    for header in program.headers(bytes) {
        let header = header?;
        end = end.max(u64_at(header, 8)?.checked_add(u64_at(header, 32)?)?);
    }
    for header in sections.headers(bytes) {
        let header = header?;
        if u32_at(header, 4)? != SHT_NOBITS {
            end = end.max(u64_at(header, 24)?.checked_add(u64_at(header, 32)?)?);
        }
    }
    usize::try_from(end).ok().filter(|end| *end <= bytes.len())
}

/// A table of program headers or of section headers.
struct Table {
    start: u64,
    size: u16,
    count: u16,
}

impl Table {
    /// `e_phoff` or `e_shoff` stands at `start`, the size of an entry at `size`, and their number behind that.
    fn of(bytes: &[u8], start: usize, size: usize) -> Option<Self> {
        let [low, high, count @ ..] = array::<4>(bytes, size)?;
        Some(Self {
            start: u64_at(bytes, start)?,
            size: u16::from_le_bytes([low, high]),
            count: u16::from_le_bytes(count),
        })
    }

    fn end(&self) -> Option<u64> {
        u64::from(self.size).checked_mul(self.count.into())?.checked_add(self.start)
    }

    fn headers<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let (start, size) = (usize::try_from(self.start).ok(), usize::from(self.size));
        (0..usize::from(self.count)).map(move |index| {
            let at = index.checked_mul(size)?.checked_add(start?)?;
            bytes.get(at..at.checked_add(size)?)
        })
    }
}
