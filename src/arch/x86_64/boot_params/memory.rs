//! The memory map: the first 128 entries in the zero page, the others in setup_data.

use super::super::e820;
use super::field;
use super::page::ZeroPage;
use crate::memory::{MemoryEntry, MemoryType, PhysAddr};

/// `E820_MAX_ENTRIES_ZEROPAGE`.
const MAX_ENTRIES: usize = 128;
const MIB: u64 = 1 << 20;
/// The greatest value of `ext_mem_k`: 63 MiB.
const MAX_EXT_MEM_K: u16 = 0xfc00;

/// Writes the table, and the two older fields that say how much memory there is above 1 MiB.
pub(super) fn write(page: &mut ZeroPage, map: &[MemoryEntry]) {
    let first = map.get(..MAX_ENTRIES).unwrap_or(map);
    page.put(field::E820_ENTRIES, &[u8::try_from(first.len()).unwrap_or_default()]);
    page.put(field::E820_TABLE, &e820::bytes(first));
    let kib = above_one_mib(map);
    page.put(field::EXT_MEM_K, &u16::try_from(kib).unwrap_or(MAX_EXT_MEM_K).min(MAX_EXT_MEM_K).to_le_bytes());
    page.put(field::ALT_MEM_K, &u32::try_from(kib).unwrap_or(u32::MAX).to_le_bytes());
}

/// The entries that the zero page has no room for, as setup_data holds them.
pub(super) fn beyond_the_page(map: &[MemoryEntry]) -> Option<Vec<u8>> {
    map.get(MAX_ENTRIES..).filter(|more| !more.is_empty()).map(e820::bytes)
}

/// KiB from 1 MiB up to the last byte of the RAM that holds that address. The kernel's own loader rounds the last address down,
/// not the end, so that the value is one less than the number of whole KiB.
fn above_one_mib(map: &[MemoryEntry]) -> u64 {
    let mib = PhysAddr::new(MIB);
    let holds =
        |entry: &&MemoryEntry| entry.kind == MemoryType::Ram && entry.range.start() <= mib && mib < entry.range.end();
    let last = map.iter().find(holds).map_or(MIB, |entry| entry.range.end().get().saturating_sub(1));
    (last >> 10).saturating_sub(MIB >> 10)
}
