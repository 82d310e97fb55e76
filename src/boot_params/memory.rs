//! The memory map: the first 128 entries in the zero page, the others in setup_data.

use super::page::ZeroPage;
use crate::machine::handover::field;
use crate::memory::{E820Entry, E820Type, PhysAddr};

/// `E820_MAX_ENTRIES_ZEROPAGE`.
const MAX_ENTRIES: usize = 128;
const ENTRY: usize = 20;
const MIB: u64 = 1 << 20;
/// As much as `ext_mem_k` may say: 63 MiB.
const MAX_EXT_MEM_K: u16 = 0xfc00;

/// Writes the table, and how much memory there is above 1 MiB, for those who do not read it.
pub(super) fn write(page: &mut ZeroPage, e820: &[E820Entry]) {
    let first = e820.get(..MAX_ENTRIES).unwrap_or(e820);
    page.put(field::E820_ENTRIES, &[u8::try_from(first.len()).unwrap_or_default()]);
    page.put(field::E820_TABLE, &entries(first));
    let kib = above_one_mib(e820);
    page.put(field::EXT_MEM_K, &u16::try_from(kib).unwrap_or(MAX_EXT_MEM_K).min(MAX_EXT_MEM_K).to_le_bytes());
    page.put(field::ALT_MEM_K, &u32::try_from(kib).unwrap_or(u32::MAX).to_le_bytes());
}

/// What the zero page has no room for, as it stands in setup_data.
pub(super) fn beyond_the_page(e820: &[E820Entry]) -> Option<Vec<u8>> {
    e820.get(MAX_ENTRIES..).filter(|more| !more.is_empty()).map(entries)
}

/// `struct boot_e820_entry`: address, size, type.
fn entries(e820: &[E820Entry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(e820.len().saturating_mul(ENTRY));
    for entry in e820 {
        bytes.extend(entry.range.start().get().to_le_bytes());
        bytes.extend(entry.range.len().to_le_bytes());
        bytes.extend(entry.kind.number().to_le_bytes());
    }
    bytes
}

/// KiB of the memory that 1 MiB lies in, counted up to its last byte, as the kernel's own loader does: one less than there
/// are as a rule.
fn above_one_mib(e820: &[E820Entry]) -> u64 {
    let mib = PhysAddr::new(MIB);
    let holds =
        |entry: &&E820Entry| entry.kind == E820Type::Ram && entry.range.start() <= mib && mib < entry.range.end();
    let last = e820.iter().find(holds).map_or(MIB, |entry| entry.range.end().get().saturating_sub(1));
    (last >> 10).saturating_sub(MIB >> 10)
}
