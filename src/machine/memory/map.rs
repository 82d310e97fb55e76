//! The memory map: the running kernel's view and the firmware's, merged.

use super::iomem::Iomem;
use super::{MapProblem, firmware_map};
use crate::memory::{MIB, MemoryEntry, MemoryType, PAGE, PhysAddr, PhysRange, RangeSet, memory_table, ranges_of};
use crate::sources::Root;

/// The addresses that segments may take, and the memory map for the next kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryMap {
    /// Where segments may be put, in whole pages from 1 MiB on: `System RAM` of /proc/iomem without nested ranges (except those of
    /// the running kernel itself), as far as the firmware's table calls it RAM, too.
    pub usable: RangeSet,
    /// The table for the next kernel: the firmware's table, with the ranges that the running kernel reserved in RAM. The entries are
    /// in ascending order and disjoint. There may be more of them than the 128 that boot_params holds.
    pub entries: Vec<MemoryEntry>,
    /// What `crashkernel=` reserved, in ascending order: the kernel takes segments for the last of them only (`crashk_res`); the
    /// one below 4 GiB, if there are two, is for devices of the crash kernel (`crashk_low_res`).
    pub reserved: Vec<PhysRange>,
    /// The running kernel's RAM without these reservations: what a dump holds.
    pub dumped: RangeSet,
}

impl MemoryMap {
    pub(super) fn read(root: &Root) -> Result<Self, MapProblem> {
        let iomem = root.text("/proc/iomem").ok_or(MapProblem::Unreadable)?;
        // The firmware's table lacks the entries that `add_efi_memmap` takes from EFI's map.
        let firmware = if adds_efi_memmap(root) { None } else { firmware_map::read(root)? };
        Self::of(&iomem, firmware.as_deref())
    }

    /// Builds the map from the text of /proc/iomem and the firmware's table. Without a firmware table, the running kernel's view
    /// replaces it.
    ///
    /// # Errors
    /// As in [`super::Memory::map`].
    pub fn of(iomem: &str, firmware: Option<&[MemoryEntry]>) -> Result<Self, MapProblem> {
        let iomem = Iomem::parse(iomem)?;
        let entries = match firmware {
            Some(firmware) => memory_table(&[firmware, &reservations(&iomem, firmware)].concat()),
            None => memory_table(&iomem.typed),
        };
        let crash = iomem.crash.iter().copied().collect();
        // Whichever range the reservation is nested in.
        let usable = iomem.free.intersection(&ranges_of(&entries, MemoryType::Ram)).difference(&crash);
        let dumped = iomem.ram.difference(&crash);
        Ok(Self { usable: usable.from(PhysAddr::new(MIB)).whole_pages(), entries, reserved: iomem.crash, dumped })
    }
}

/// The ranges of the firmware's RAM that the running kernel reserved: tables that EFI left in memory (`efi_mem_reserve`), and
/// regions that quirks or `memmap=` excluded. These ranges are the same for every kernel, so the map does not grow from one kexec
/// to the next. setup_data, which moves, is `System RAM` here.
///
/// Two ranges are left out: memory that `memmap=` made persistent, because the next command line decides about it; and the
/// first page, which every kernel reserves itself.
fn reservations(iomem: &Iomem, firmware: &[MemoryEntry]) -> Vec<MemoryEntry> {
    let ram = ranges_of(firmware, MemoryType::Ram).from(PhysAddr::new(PAGE));
    let kinds = [MemoryType::Reserved, MemoryType::Acpi, MemoryType::Nvs, MemoryType::Unusable];
    let within = |kind| {
        let ranges = ranges_of(&iomem.typed, kind).intersection(&ram);
        ranges.iter().map(|range| MemoryEntry { range, kind }).collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(within).collect()
}

fn adds_efi_memmap(root: &Root) -> bool {
    let cmdline = root.text("/proc/cmdline").unwrap_or_default();
    cmdline.split_ascii_whitespace().take_while(|word| *word != "--").any(|word| word == "add_efi_memmap")
}

#[cfg(test)]
mod tests;
