//! `efi_info`, and the runtime map that it points to.

use super::super::handover::{Descriptor, Efi};
use super::field;
use super::page::ZeroPage;
use crate::memory::PhysAddr;

/// Bytes of an `efi_memory_desc_t`. Firmware may have longer ones; the running kernel shows only these fields.
const DESCRIPTOR: usize = 40;

/// Writes `efi_info`, with the map at `map`.
pub(super) fn write(page: &mut ZeroPage, efi: &Efi, map: PhysAddr) {
    let size = u32::try_from(map_length(&efi.map)).unwrap_or_default();
    page.put(field::EFI_LOADER_SIGNATURE, &efi.signature);
    page.put_halves(field::EFI_SYSTAB, field::EFI_SYSTAB_HI, efi.systab.get());
    page.put(field::EFI_MEMDESC_SIZE, &u32::try_from(DESCRIPTOR).unwrap_or_default().to_le_bytes());
    page.put(field::EFI_MEMDESC_VERSION, &efi.memdesc_version.to_le_bytes());
    page.put_halves(field::EFI_MEMMAP, field::EFI_MEMMAP_HI, map.get());
    page.put(field::EFI_MEMMAP_SIZE, &size.to_le_bytes());
}

/// Bytes of the map.
pub(super) const fn map_length(map: &[Descriptor]) -> usize {
    map.len().saturating_mul(DESCRIPTOR)
}

/// Adds the map to the segment: type, padding, physical address, virtual address, pages, attributes.
pub(super) fn write_map(segment: &mut Vec<u8>, map: &[Descriptor]) {
    for descriptor in map {
        segment.extend(u64::from(descriptor.kind).to_le_bytes());
        let numbers = [descriptor.phys_addr, descriptor.virt_addr, descriptor.num_pages, descriptor.attribute];
        segment.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
}
