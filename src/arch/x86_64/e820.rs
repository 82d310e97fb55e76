//! The memory map as the boot protocol holds it: `e820` (arch/x86/include/asm/e820/types.h).

use crate::memory::{MemoryEntry, MemoryType};

/// Bytes of a `struct boot_e820_entry`: address, size, type.
const ENTRY: usize = 20;

/// The number of a type in an `e820` entry.
const fn number(kind: MemoryType) -> u32 {
    match kind {
        MemoryType::Ram => 1,
        MemoryType::Reserved => 2,
        MemoryType::Acpi => 3,
        MemoryType::Nvs => 4,
        MemoryType::Unusable => 5,
        MemoryType::Pmem => 7,
        MemoryType::Pram => 12,
        MemoryType::SoftReserved => 0xefff_ffff,
    }
}

/// The bytes of a table.
pub(super) fn bytes(entries: &[MemoryEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len().saturating_mul(ENTRY));
    for entry in entries {
        bytes.extend(entry.range.start().get().to_le_bytes());
        bytes.extend(entry.range.len().to_le_bytes());
        bytes.extend(number(entry.kind).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{PhysAddr, PhysRange};

    #[test]
    fn every_type_has_its_number() {
        let mut own = MemoryType::BY_STRICTNESS.map(number);
        own.sort_unstable();
        assert_eq!(own, [1, 2, 3, 4, 5, 7, 12, 0xefff_ffff]);
        let range = PhysRange::of_length(PhysAddr::new(0x0807_0605_0403_0201), 0x100).unwrap();
        let one = bytes(&[MemoryEntry { range, kind: MemoryType::Pram }]);
        assert_eq!(one, [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0]);
    }
}
