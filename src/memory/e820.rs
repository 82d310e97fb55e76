//! The memory map of the boot protocol: `e820` (arch/x86/include/asm/e820/types.h).

use super::PhysRange;

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
}

/// One entry of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E820Entry {
    /// The addresses.
    pub range: PhysRange,
    /// What they are.
    pub kind: E820Type,
}
