//! The memory map: ranges of physical addresses and what each is. On x86 the boot protocol calls it `e820`.

use super::{PhysRange, RangeSet};

/// What a range of addresses is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemoryType {
    /// `System RAM`.
    Ram,
    /// Reserved: no kernel may use it.
    Reserved,
    /// ACPI tables.
    Acpi,
    /// ACPI non-volatile storage.
    Nvs,
    /// Broken memory.
    Unusable,
    /// Persistent memory.
    Pmem,
    /// Persistent memory by an older name.
    Pram,
    /// Memory of a special purpose (`EFI_MEMORY_SP`).
    SoftReserved,
}

impl MemoryType {
    /// Every type, from the laxest to the strictest: where two entries claim an address, the later type wins.
    pub const BY_STRICTNESS: [Self; 8] =
        [Self::Ram, Self::SoftReserved, Self::Pram, Self::Pmem, Self::Acpi, Self::Nvs, Self::Reserved, Self::Unusable];

    /// The type by the name that /proc/iomem and /sys/firmware/memmap give it (arch/x86/kernel/e820.c,
    /// `e820_type_to_string`); `None` where it is the name of something else.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "System RAM" => Self::Ram,
            // Kernels before 4.11 write `reserved`. A type that Linux does not know must not be used either.
            "Reserved" | "reserved" | "Unknown E820 type" | "Type 13" => Self::Reserved,
            "ACPI Tables" => Self::Acpi,
            "ACPI Non-volatile Storage" => Self::Nvs,
            "Unusable memory" => Self::Unusable,
            "Persistent Memory" => Self::Pmem,
            "Persistent Memory (legacy)" => Self::Pram,
            "Soft Reserved" => Self::SoftReserved,
            _ => return None,
        })
    }
}

/// One entry of the memory map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryEntry {
    /// The addresses.
    pub range: PhysRange,
    /// What they are.
    pub kind: MemoryType,
}

/// A memory map as a kernel expects it: in ascending order, disjoint, neighbours of one type merged. Where entries overlap, the
/// stricter type wins.
#[must_use]
pub fn memory_table(entries: &[MemoryEntry]) -> Vec<MemoryEntry> {
    let mut taken = RangeSet::default();
    let mut table = Vec::new();
    for kind in MemoryType::BY_STRICTNESS.into_iter().rev() {
        let claimed = ranges_of(entries, kind);
        table.extend(claimed.difference(&taken).iter().map(|range| MemoryEntry { range, kind }));
        taken = taken.union(&claimed);
    }
    table.sort();
    table
}

/// The addresses that entries of one type hold.
#[must_use]
pub fn ranges_of(entries: &[MemoryEntry], kind: MemoryType) -> RangeSet {
    entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.range).collect()
}

#[cfg(test)]
mod tests {
    use super::super::PhysAddr;
    use super::*;
    use MemoryType::{Acpi, Ram, Reserved, SoftReserved};

    fn entries(rows: &[(u64, u64, MemoryType)]) -> Vec<MemoryEntry> {
        let entry = |(start, end, kind): &(u64, u64, MemoryType)| {
            let range = PhysRange::new(PhysAddr::new(*start), PhysAddr::new(*end)).unwrap();
            MemoryEntry { range, kind: *kind }
        };
        rows.iter().map(entry).collect()
    }

    #[test]
    fn the_stricter_type_has_the_addresses() {
        let mixed = entries(&[(20, 30, Ram), (0, 20, Ram), (5, 8, Reserved), (7, 10, Acpi), (25, 40, SoftReserved)]);
        let wanted = entries(&[(0, 5, Ram), (5, 8, Reserved), (8, 10, Acpi), (10, 25, Ram), (25, 40, SoftReserved)]);
        assert_eq!(memory_table(&mixed), wanted);
        assert_eq!(memory_table(&wanted), wanted);
    }
}
