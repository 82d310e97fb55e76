//! `struct setup_data`: a linked list. Each node has the address of the next, a type, a length, and that many bytes
//! (arch/x86/include/uapi/asm/setup_data.h).

use super::super::handover::Efi;
use crate::machine::mark;
use crate::memory::PhysAddr;

const E820_EXT: u32 = 1;
const EFI: u32 = 4;
const RNG_SEED: u32 = 9;

/// Bytes of a node before its data.
const HEAD: usize = 16;

/// A node of the list.
pub(super) struct Node {
    kind: u32,
    data: Vec<u8>,
}

impl Node {
    /// The entries of the memory map that the zero page has no room for.
    pub(super) const fn e820_ext(entries: Vec<u8>) -> Self {
        Self { kind: E820_EXT, data: entries }
    }

    /// `struct efi_setup_data` (arch/x86/include/asm/efi.h): `fw_vendor`, `runtime`, `tables`, `smbios`, eight reserved
    /// numbers.
    pub(super) fn efi(efi: &Efi) -> Self {
        let (runtime, smbios) = (efi.runtime.unwrap_or_default(), efi.smbios.unwrap_or_default());
        let addresses = [efi.fw_vendor, runtime, efi.tables, smbios].map(PhysAddr::get);
        let numbers = addresses.into_iter().chain([0; 8]);
        Self { kind: EFI, data: numbers.flat_map(u64::to_le_bytes).collect() }
    }

    /// Random bytes.
    pub(super) fn rng_seed(seed: &[u8; 32]) -> Self {
        Self { kind: RNG_SEED, data: seed.to_vec() }
    }

    /// What the next kernel shows to its skexec.
    pub(super) fn mark(mark: &[u8]) -> Self {
        Self { kind: mark::KIND, data: mark.to_vec() }
    }

    pub(super) fn length(&self) -> usize {
        self.data.len().saturating_add(HEAD)
    }

    /// Appends the node to the segment. `next` is the address of the next node, or 0.
    pub(super) fn write(&self, segment: &mut Vec<u8>, next: u64) {
        segment.extend(next.to_le_bytes());
        segment.extend(self.kind.to_le_bytes());
        segment.extend(u32::try_from(self.data.len()).unwrap_or_default().to_le_bytes());
        segment.extend(&self.data);
    }
}
