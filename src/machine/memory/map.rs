//! The running kernel's view and the firmware's, made one.

use super::iomem::Iomem;
use super::{MapProblem, firmware_map};
use crate::memory::{E820Entry, E820Type, MIB, PAGE, PhysAddr, RangeSet, e820_table, ranges_of};
use crate::sources::Root;

/// Which addresses a kernel may be put at, and what it is told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryMap {
    /// Where segments may be put, in whole pages from 1 MiB on: `System RAM` of /proc/iomem that nothing nested claims but the
    /// running kernel itself, and that the firmware calls RAM too.
    pub usable: RangeSet,
    /// The table for the next kernel: the firmware's, and what the running kernel reserved in its RAM. In ascending order,
    /// disjoint; it may be longer than the 128 entries that boot_params hold.
    pub e820: Vec<E820Entry>,
}

impl MemoryMap {
    pub(super) fn read(root: &Root) -> Result<Self, MapProblem> {
        let iomem = root.text("/proc/iomem").ok_or(MapProblem::Unreadable)?;
        // The firmware's table lacks what add_efi_memmap took from EFI's.
        let firmware = if adds_efi_memmap(root) { None } else { firmware_map::read(root)? };
        Self::of(&iomem, firmware.as_deref())
    }

    /// The map by the text of /proc/iomem and the firmware's table; where there is none, the running kernel's view stands for it.
    ///
    /// # Errors
    /// As in [`super::Memory::map`].
    pub fn of(iomem: &str, firmware: Option<&[E820Entry]>) -> Result<Self, MapProblem> {
        let iomem = Iomem::parse(iomem)?;
        let e820 = match firmware {
            Some(firmware) => e820_table(&[firmware, &reservations(&iomem, firmware)].concat()),
            None => e820_table(&iomem.typed),
        };
        let usable = iomem.free.intersection(&ranges_of(&e820, E820Type::Ram));
        Ok(Self { usable: usable.from(PhysAddr::new(MIB)).whole_pages(), e820 })
    }
}

/// What the running kernel keeps from use in the firmware's RAM: tables that EFI left in memory (`efi_mem_reserve`), regions
/// that quirks or `memmap=` took out. They stay where they are from one generation to the next, so that they do not add up;
/// setup_data, which moves, is `System RAM` here.
///
/// Not taken over: memory that `memmap=` made persistent, which the next command line may say again or not; and the first page,
/// which every kernel takes out for itself.
fn reservations(iomem: &Iomem, firmware: &[E820Entry]) -> Vec<E820Entry> {
    let ram = ranges_of(firmware, E820Type::Ram).from(PhysAddr::new(PAGE));
    let kinds = [E820Type::Reserved, E820Type::Acpi, E820Type::Nvs, E820Type::Unusable];
    let within = |kind| {
        let ranges = ranges_of(&iomem.typed, kind).intersection(&ram);
        ranges.iter().map(|range| E820Entry { range, kind }).collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(within).collect()
}

fn adds_efi_memmap(root: &Root) -> bool {
    let cmdline = root.text("/proc/cmdline").unwrap_or_default();
    cmdline.split_ascii_whitespace().take_while(|word| *word != "--").any(|word| word == "add_efi_memmap")
}

#[cfg(test)]
mod tests;
