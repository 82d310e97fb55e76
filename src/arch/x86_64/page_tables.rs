//! Page tables for the jump: physical addresses map to themselves (Intel SDM volume 3, 4.5; AMD APM volume 2, 5.3).
//!
//! The page tables that the running kernel leaves may lie in a part of the kernel's window that is not loaded: the new kernel
//! would overwrite them while it runs on them. These lie in a segment of their own, which the purgatory checks like any other.
//!
//! Mapped are the segments with their windows, the first MiB, and the firmware's tables that a kernel reads before it has page
//! tables of its own. Nothing else is, since a processor may read ahead into whatever is mapped as memory.

use super::handover::{Descriptor, Handover};
use crate::memory::{MIB, MemoryEntry, MemoryType, PAGE, PhysAddr, PhysRange, RangeSet, ranges_of};
use crate::placement::{Content, Deferred, Role, Segment, SegmentSpec};
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// What one entry of a page table, page directory, page directory pointer table maps, in bytes.
const LARGE: u64 = 2 * MIB;
const GIB: u64 = 1 << 30;
const DIRECTORY: u64 = 512 * GIB;
/// Entries of a table.
const ENTRIES: usize = 512;
/// Bits of an entry: present and writable; a large page.
const PRESENT: u64 = 0b11;
const PAGE_SIZE: u64 = 1 << 7;
/// The bits of an entry that hold an address.
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
/// A longer range of firmware's is not mapped: its tables have a few MiB.
const LONGEST: u64 = GIB;
/// `EfiRuntimeServicesCode` and `EfiRuntimeServicesData`.
const RUNTIME_SERVICES: Range<u32> = 5..7;
/// Bytes that are mapped for a configuration table, whose length is not known: 341 entries of 24 bytes, where firmware has tens.
const CONFIGURATION_TABLE: u64 = 2 * PAGE;

/// Levels of page tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Levels {
    /// 48 bits of address.
    Four,
    /// 57 bits: CR4.LA57 is set.
    Five,
}

impl Levels {
    /// The bits that pick an entry, from the root down to a page table of 4 KiB pages.
    const fn shifts(self) -> &'static [u32] {
        match self {
            Self::Four => &[39, 30, 21, 12],
            Self::Five => &[48, 39, 30, 21, 12],
        }
    }
}

/// The page tables of one load, before the segments have their addresses.
#[derive(Debug)]
pub(super) struct PageTables {
    levels: Levels,
    /// What is mapped whatever the addresses will be.
    fixed: RangeSet,
    ram: RangeSet,
    /// Tables at most.
    most: u64,
}

impl PageTables {
    /// The page tables for segments that reserve these bytes, besides those of the page tables.
    pub(super) fn new(levels: Levels, map: &[MemoryEntry], handover: &Handover, reserved: &[u64]) -> Self {
        let (fixed, ram) = (firmware(map, handover), ranges_of(map, MemoryType::Ram));
        let alone = Tables::of(&fixed, &ram, PhysAddr::new(0), levels).count();
        // The page tables' own segment is short.
        let most = reserved.iter().chain([&LARGE]).fold(alone, |most, bytes| most.saturating_add(tables_for(*bytes)));
        Self { levels, fixed, ram, most }
    }

    pub(super) fn spec<'a>(self) -> SegmentSpec<'a> {
        SegmentSpec::new(Role::PageTables, "page_tables", Content::Deferred(Box::new(self)))
    }
}

impl Deferred for PageTables {
    fn length(&self) -> u64 {
        self.most.saturating_mul(PAGE)
    }

    fn make(&self, own: PhysRange, _before: &[Segment<'_>], windows: &[PhysRange]) -> Result<Vec<u8>, Finding> {
        let wanted = self.fixed.union(&windows.iter().copied().collect());
        let tables = Tables::of(&wanted, &self.ram, own.start(), self.levels);
        if tables.count() > self.most {
            let seen = format!("{} tables, {} were expected", tables.count(), self.most);
            return Err(Finding::new(Reason::NoMemoryHole, seen));
        }
        Ok(tables.bytes())
    }
}

/// The tables that a stretch of this length needs at most, besides those that every map has: a page table at either end, and
/// what lies above.
const fn tables_for(bytes: u64) -> u64 {
    let (directories, pointers) = (bytes.div_ceil(GIB), bytes.div_ceil(DIRECTORY));
    // One more of each, as the stretch may begin anywhere.
    directories.saturating_add(pointers).saturating_add(2 + 1 + 1)
}

/// What a kernel reads of the firmware's before it maps memory itself: the first MiB (BIOS data, RSDP, the screen, and the
/// decompressor's trampoline), ACPI's tables, EFI's.
fn firmware(map: &[MemoryEntry], handover: &Handover) -> RangeSet {
    let low = PhysRange::of_length(PhysAddr::new(0), MIB);
    let acpi = [MemoryType::Acpi, MemoryType::Nvs].map(|kind| ranges_of(map, kind));
    let acpi = acpi.iter().flat_map(RangeSet::iter);
    let efi = handover.efi.as_ref();
    let runtime = efi.into_iter().flat_map(|efi| efi.map.iter().filter_map(services));
    let page = |at: PhysAddr, bytes| PhysRange::of_length(at, bytes);
    let tables = efi.into_iter().flat_map(|efi| [page(efi.systab, PAGE), page(efi.tables, CONFIGURATION_TABLE)]);
    let rsdp = handover.acpi_rsdp_addr.and_then(|at| page(at, PAGE));
    let all = low.into_iter().chain(acpi).chain(runtime).chain(tables.flatten()).chain(rsdp);
    all.filter(|range| range.len() <= LONGEST && range.end() <= super::MAXMEM).collect()
}

fn services(descriptor: &Descriptor) -> Option<PhysRange> {
    let length = descriptor.num_pages.checked_mul(PAGE).filter(|_| RUNTIME_SERVICES.contains(&descriptor.kind))?;
    PhysRange::of_length(PhysAddr::new(descriptor.phys_addr), length)
}

/// Page tables, each of 512 entries, one behind the other from `at` on; the first is the root.
struct Tables {
    at: PhysAddr,
    levels: Levels,
    entries: Vec<u64>,
}

impl Tables {
    /// The tables that map what is wanted: with pages of 2 MiB where such a page is wanted or RAM as a whole, else of 4 KiB.
    fn of(wanted: &RangeSet, ram: &RangeSet, at: PhysAddr, levels: Levels) -> Self {
        let mut tables = Self { at, levels, entries: vec![0; ENTRIES] };
        let wanted: RangeSet = outwards(wanted, PAGE);
        let large = wanted.union(ram);
        for stretch in outwards(&wanted, LARGE).iter() {
            for page in pages(stretch, LARGE) {
                if large.contains(page) {
                    tables.map(page);
                } else {
                    let parts = wanted.intersection(&std::iter::once(page).collect());
                    parts.iter().flat_map(|part| pages(part, PAGE)).for_each(|page| tables.map(page));
                }
            }
        }
        tables
    }

    fn count(&self) -> u64 {
        u64::try_from(self.entries.len().div_ceil(ENTRIES)).unwrap_or(u64::MAX)
    }

    fn bytes(&self) -> Vec<u8> {
        self.entries.iter().flat_map(|entry| entry.to_le_bytes()).collect()
    }

    /// Maps one page, of 2 MiB or 4 KiB as its length says.
    fn map(&mut self, page: PhysRange) {
        let address = page.start().get();
        let is_large = page.len() == LARGE;
        let shifts = self.levels.shifts();
        let depth = shifts.len().saturating_sub(if is_large { 2 } else { 1 });
        let mut table = 0;
        for shift in shifts.iter().take(depth) {
            table = self.below(table, index(address, *shift));
        }
        let bits = if is_large { PRESENT | PAGE_SIZE } else { PRESENT };
        let shift = shifts.get(depth).copied().unwrap_or_default();
        self.set(table, index(address, shift), address | bits);
    }

    /// The table that an entry leads to; a new one where it leads nowhere.
    fn below(&mut self, table: usize, index: usize) -> usize {
        let entry = self.entries.get(position(table, index)).copied().unwrap_or_default();
        let offset = (entry & ADDRESS).checked_sub(self.at.get()).filter(|_| entry != 0);
        if let Some(number) = offset.and_then(|offset| usize::try_from(offset / PAGE).ok()) {
            return number;
        }
        let (number, offset) = (self.entries.len() / ENTRIES, self.count().saturating_mul(PAGE));
        self.entries.resize(self.entries.len().saturating_add(ENTRIES), 0);
        self.set(table, index, self.at.get().saturating_add(offset) | PRESENT);
        number
    }

    fn set(&mut self, table: usize, index: usize, value: u64) {
        if let Some(entry) = self.entries.get_mut(position(table, index)) {
            *entry = value;
        }
    }
}

const fn position(table: usize, index: usize) -> usize {
    table.saturating_mul(ENTRIES).saturating_add(index)
}

fn index(address: u64, shift: u32) -> usize {
    let bits = address.checked_shr(shift).unwrap_or_default() & 0x1ff;
    usize::try_from(bits).unwrap_or_default()
}

/// The ranges, with each end moved outwards to a multiple of `alignment`.
fn outwards(ranges: &RangeSet, alignment: u64) -> RangeSet {
    let moved =
        |range: PhysRange| PhysRange::new(range.start().align_down(alignment)?, range.end().align_up(alignment)?);
    ranges.iter().filter_map(moved).collect()
}

/// The pages of an aligned range.
fn pages(range: PhysRange, size: u64) -> impl Iterator<Item = PhysRange> {
    let first = PhysRange::of_length(range.start(), size);
    let next = move |page: &PhysRange| PhysRange::of_length(page.end(), size);
    std::iter::successors(first, next).take_while(move |page| range.contains(*page))
}

#[cfg(test)]
mod tests;
