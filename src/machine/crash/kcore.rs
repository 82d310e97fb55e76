//! The headers of /proc/kcore: the running kernel's memory as an ELF core file, with the virtual and the physical address of each
//! part (fs/proc/kcore.c). Nothing but the headers is read.

use crate::memory::{PhysAddr, PhysRange};
use crate::sources::Root;
use std::io::Read as _;

pub(super) const PATH: &str = "/proc/kcore";
/// More than the headers of any machine take: one for each stretch of RAM.
const MOST: u64 = 1 << 20;
/// Bytes of `Elf64_Ehdr` and of `Elf64_Phdr`.
const HEADER: usize = 64;
const PROGRAM_HEADER: u16 = 56;
const PT_LOAD: u32 = 1;
/// `__START_KERNEL_map`: the kernel itself is mapped from here on, other memory below.
const KERNEL_MAP: u64 = 0xffff_ffff_8000_0000;

/// Virtual addresses of the running kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kcore {
    /// The virtual address of physical address 0 (`PAGE_OFFSET`), where all RAM is mapped.
    pub page_offset: u64,
    /// The virtual address of the kernel's text.
    pub text: u64,
    /// The physical addresses of the kernel, from its text to the end of its .bss.
    pub kernel: PhysRange,
}

impl Kcore {
    pub(super) fn read(root: &Root) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut header = [0; HEADER];
        // Behind the headers comes memory: nothing of it is read.
        let mut file = root.open(PATH)?;
        file.read_exact(&mut header).ok()?;
        let end = end_of_headers(&header).filter(|end| *end <= MOST)?;
        bytes.extend_from_slice(&header);
        file.take(end.checked_sub(HEADER.try_into().ok()?)?).read_to_end(&mut bytes).ok()?;
        parse(&bytes)
    }
}

/// Where the program headers end, if it is an ELF64 file for a little-endian processor.
fn end_of_headers(header: &[u8]) -> Option<u64> {
    let (at, count) = table(header)?;
    at.checked_add(count.checked_mul(PROGRAM_HEADER.into())?)
}

fn table(header: &[u8]) -> Option<(u64, u64)> {
    let sound = header.starts_with(b"\x7fELF\x02\x01") && half(header, 0x36)? == PROGRAM_HEADER;
    if sound { Some((long(header, 0x20)?, half(header, 0x38)?.into())) } else { None }
}

fn parse(bytes: &[u8]) -> Option<Kcore> {
    let (at, _) = table(bytes)?;
    let headers = bytes.get(usize::try_from(at).ok()?..)?.chunks_exact(PROGRAM_HEADER.into());
    let parts: Vec<_> = headers.filter_map(part).collect();
    let of_kernel = |part: &&Part| part.at >= KERNEL_MAP;
    let kernel = parts.iter().find(of_kernel)?;
    let page_offset =
        parts.iter().find(|part| !of_kernel(part)).map(|ram| ram.at.checked_sub(ram.range.start().get()))?;
    let page_offset = page_offset?;
    Some(Kcore { page_offset, text: kernel.at, kernel: kernel.range })
}

/// Memory with a physical address; what has none, such as vmalloc's, is shown at the last address.
struct Part {
    at: u64,
    range: PhysRange,
}

fn part(header: &[u8]) -> Option<Part> {
    let is_load = header.first_chunk().is_some_and(|kind| u32::from_le_bytes(*kind) == PT_LOAD);
    let physical = long(header, 0x18).filter(|physical| is_load && *physical != u64::MAX)?;
    Some(Part { at: long(header, 0x10)?, range: PhysRange::of_length(PhysAddr::new(physical), long(header, 0x28)?)? })
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// A kernel of 32 MiB at 64 MiB, and RAM from 4 KiB and from 1 MiB on, with vmalloc's memory between.
#[cfg(test)]
pub(super) fn example() -> Vec<u8> {
    let parts = [
        (4, 0, 0, 0),
        (1, 0xffff_ffff_8200_0000_u64, 0x400_0000_u64, 32_u64 << 20),
        (1, 0xffff_c900_0000_0000, u64::MAX, 1 << 40),
        (1, 0xffff_8880_0000_1000, 0x1000, 0x9e000),
        (1, 0xffff_8880_0010_0000, 0x10_0000, 0x1000_0000),
    ];
    let mut bytes = vec![0; HEADER];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[0x20..0x28].copy_from_slice(&64_u64.to_le_bytes());
    bytes[0x36] = 56;
    bytes[0x38] = 5;
    for (kind, at, physical, length) in parts {
        let words = [kind, 0, at, physical, length, length, 4096];
        bytes.extend(words.iter().flat_map(|word: &u64| word.to_le_bytes()));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_told_from_the_rest() {
        let kernel = PhysRange::of_length(PhysAddr::new(0x400_0000), 32 << 20).unwrap();
        let wanted = Kcore { page_offset: 0xffff_8880_0000_0000, text: 0xffff_ffff_8200_0000, kernel };
        assert_eq!(parse(&example()), Some(wanted));
        assert_eq!(end_of_headers(&example()[..64]), Some(64 + 5 * 56));
    }

    #[test]
    fn no_cut_and_no_byte_makes_it_panic() {
        let whole = example();
        for length in 0..whole.len() {
            let _ = parse(&whole[..length]);
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            let _ = (parse(&changed), end_of_headers(&changed));
        }
        assert_eq!(parse(&whole[..64]), None);
    }
}
