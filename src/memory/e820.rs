//! The memory map of the boot protocol: `e820` (arch/x86/include/asm/e820/types.h).

use super::{PhysRange, RangeSet};

/// What a range of addresses is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum E820Type {
    /// `System RAM`.
    Ram,
    /// Not to be used.
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

impl E820Type {
    /// Its number in an `e820` entry.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Ram => 1,
            Self::Reserved => 2,
            Self::Acpi => 3,
            Self::Nvs => 4,
            Self::Unusable => 5,
            Self::Pmem => 7,
            Self::Pram => 12,
            Self::SoftReserved => 0xefff_ffff,
        }
    }

    /// Every type, from the laxest to the strictest: of two that claim an address, the later one has it.
    pub const BY_STRICTNESS: [Self; 8] =
        [Self::Ram, Self::SoftReserved, Self::Pram, Self::Pmem, Self::Acpi, Self::Nvs, Self::Reserved, Self::Unusable];

    /// The type by the name that /proc/iomem and /sys/firmware/memmap give it (arch/x86/kernel/e820.c,
    /// `e820_type_to_string`); nothing where it is the name of something else.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "System RAM" => Self::Ram,
            // Before 4.11 `reserved`; what has a number that Linux does not know is nobody's to use.
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

/// One entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E820Entry {
    /// The addresses.
    pub range: PhysRange,
    /// What they are.
    pub kind: E820Type,
}

/// A table as a kernel expects it: in ascending order, disjoint, neighbours of one type merged. Where entries overlap, the
/// stricter type has the addresses.
#[must_use]
pub fn e820_table(entries: &[E820Entry]) -> Vec<E820Entry> {
    let mut taken = RangeSet::default();
    let mut table = Vec::new();
    for kind in E820Type::BY_STRICTNESS.into_iter().rev() {
        let claimed = ranges_of(entries, kind);
        table.extend(claimed.difference(&taken).iter().map(|range| E820Entry { range, kind }));
        taken = taken.union(&claimed);
    }
    table.sort();
    table
}

/// The addresses that entries of one type hold.
#[must_use]
pub fn ranges_of(entries: &[E820Entry], kind: E820Type) -> RangeSet {
    entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.range).collect()
}

#[cfg(test)]
mod tests {
    use super::super::PhysAddr;
    use super::*;
    use E820Type::{Acpi, Ram, Reserved, SoftReserved};

    fn entries(rows: &[(u64, u64, E820Type)]) -> Vec<E820Entry> {
        let entry = |(start, end, kind): &(u64, u64, E820Type)| {
            let range = PhysRange::new(PhysAddr::new(*start), PhysAddr::new(*end)).unwrap();
            E820Entry { range, kind: *kind }
        };
        rows.iter().map(entry).collect()
    }

    #[test]
    fn the_stricter_type_has_the_addresses() {
        let mixed = entries(&[(20, 30, Ram), (0, 20, Ram), (5, 8, Reserved), (7, 10, Acpi), (25, 40, SoftReserved)]);
        let wanted = entries(&[(0, 5, Ram), (5, 8, Reserved), (8, 10, Acpi), (10, 25, Ram), (25, 40, SoftReserved)]);
        assert_eq!(e820_table(&mixed), wanted);
        assert_eq!(e820_table(&wanted), wanted);
    }

    #[test]
    fn every_type_has_its_place_in_the_order() {
        let numbers = [1, 2, 3, 4, 5, 7, 12, 0xefff_ffff];
        let mut own = E820Type::BY_STRICTNESS.map(E820Type::number);
        own.sort_unstable();
        assert_eq!(own, numbers);
    }
}
