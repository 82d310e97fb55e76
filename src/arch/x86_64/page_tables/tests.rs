use super::*;
use crate::arch::Architecture as _;
use crate::arch::x86_64::{Efi, Platform};
use crate::placement::{Constraints, Room, place};
use forge::random::Random;

fn range(start: u64, end: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), PhysAddr::new(end)).unwrap()
}

fn set(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().map(|(start, end)| range(*start, *end)).collect()
}

/// What a processor finds in page tables at `at`: every page that is mapped, with the address that it leads to.
fn walk(bytes: &[u8], at: u64, levels: u32) -> Vec<(u64, u64, u64)> {
    fn table(bytes: &[u8], at: u64, own: u64, level: u32, base: u64, found: &mut Vec<(u64, u64, u64)>) {
        assert!(own >= at && own.is_multiple_of(4096), "a table outside of the segment: {own:#x}");
        let start = usize::try_from(own - at).unwrap();
        for (number, entry) in bytes[start..start + 4096].chunks(8).enumerate() {
            let entry = u64::from_le_bytes(entry.try_into().unwrap());
            let virt = base + (u64::try_from(number).unwrap() << (12 + 9 * level));
            match entry & 0xfff {
                0 => assert_eq!(entry, 0),
                0x83 if level == 1 => found.push((virt, entry & !0xfff, 2 << 20)),
                0x03 if level == 0 => found.push((virt, entry & !0xfff, 4096)),
                0x03 => table(bytes, at, entry & !0xfff, level - 1, virt, found),
                other => panic!("entry {entry:#x}: {other:#x} at level {level}"),
            }
        }
    }
    let mut found = Vec::new();
    table(bytes, at, at, levels - 1, 0, &mut found);
    found
}

/// The addresses that are mapped; each to itself.
fn mapped(bytes: &[u8], at: u64, levels: Levels) -> RangeSet {
    let levels = if levels == Levels::Five { 5 } else { 4 };
    let pages = walk(bytes, at, levels);
    assert!(pages.iter().all(|(virt, phys, _)| virt == phys));
    pages.iter().map(|(virt, _, size)| range(*virt, virt + size)).collect()
}

fn map() -> Vec<MemoryEntry> {
    let rows = [
        (0, 0x9_fc00, MemoryType::Ram),
        (0x10_0000, 0x7fed_c123, MemoryType::Ram),
        (0x7fed_d000, 0x7fee_0000, MemoryType::Acpi),
        (0x7fee_0000, 0x7fef_3000, MemoryType::Nvs),
        (0x7ff0_0000, 0x8000_0000, MemoryType::Reserved),
        (1 << 32, 0x101_4000_0000, MemoryType::Ram),
    ];
    rows.map(|(start, end, kind)| MemoryEntry { range: range(start, end), kind }).to_vec()
}

fn handover() -> Handover {
    let descriptor =
        |kind, phys_addr, num_pages| Descriptor { kind, phys_addr, virt_addr: 7 << 32, num_pages, attribute: 0xf };
    let efi = Efi {
        signature: *b"EL64",
        memdesc_version: 1,
        systab: PhysAddr::new(0x7ff0_1018),
        fw_vendor: PhysAddr::new(0),
        runtime: None,
        tables: PhysAddr::new(0x7ff1_0f98),
        smbios: None,
        map: vec![
            descriptor(5, 0x7ff8_0000, 2),
            descriptor(6, 0x7ff9_0000, 3),
            descriptor(11, 0xffc0_0000, 0x400),
            descriptor(6, 0x20_0000_0000, 1 << 30),
            descriptor(5, u64::MAX - 0xfff, u64::MAX),
        ],
    };
    Handover { efi: Some(efi), acpi_rsdp_addr: Some(PhysAddr::new(0x7fed_d014)), ..Handover::default() }
}

#[test]
fn all_that_is_wanted_is_mapped_and_nothing_but_ram_besides() {
    for levels in [Levels::Four, Levels::Five] {
        let windows =
            [range(0x7a20_0000, 0x7de0_1000), range(0x100_0000_1000, 0x100_8765_4000), range(0x1000_0000, 0x1000_1000)];
        let reserved: Vec<_> = windows.iter().map(|window| window.len()).collect();
        let tables = PageTables::new(levels, &map(), &handover(), &reserved);
        let at = range(0x1000_0000, 0x1000_1000);
        let bytes = tables.make(at, &[], &windows).unwrap();
        assert!(bytes.len().is_multiple_of(4096) && u64::try_from(bytes.len()).unwrap() <= tables.length());
        let mapped = mapped(&bytes, at.start().get(), levels);
        let named =
            [(0, 0x10_0000), (0x7fed_d000, 0x7fef_3000), (0x7ff0_1000, 0x7ff0_3000), (0x7ff1_0000, 0x7ff1_3000)];
        let named = set(&named).union(&set(&[(0x7ff8_0000, 0x7ff8_2000), (0x7ff9_0000, 0x7ff9_3000)]));
        let wanted = named.union(&windows.into_iter().collect());
        assert_eq!(wanted.difference(&mapped), RangeSet::default(), "{levels:?}: not mapped");
        let allowed = named.union(&ranges_of(&map(), MemoryType::Ram)).union(&wanted);
        assert_eq!(mapped.difference(&allowed), RangeSet::default(), "{levels:?}: mapped, and neither RAM nor named");
        // At most the rest of a page of 2 MiB on either side of a window.
        assert!(mapped.total() - wanted.total() < 8 * LARGE, "{levels:?}");
    }
}

#[test]
fn five_levels_have_a_root_more() {
    let length = |levels| Tables::of(&set(&[(0, MIB)]), &RangeSet::default(), PhysAddr::new(0), levels).bytes().len();
    assert_eq!((length(Levels::Four), length(Levels::Five)), (4 * 4096, 5 * 4096));
}

fn random_range(random: &mut Random, end: u64) -> PhysRange {
    let start = random.below(end) & !0xfff;
    let bits = random.below(32);
    PhysRange::of_length(PhysAddr::new(start), (random.below(1 << bits) + 1).next_multiple_of(PAGE)).unwrap()
}

#[test]
fn the_announced_length_is_enough_wherever_segments_lie() {
    let mut random = Random(0x5eed);
    for round in 0..300 {
        let end = 1 << (24 + random.below(22));
        let kinds = [MemoryType::Ram, MemoryType::Acpi, MemoryType::Nvs, MemoryType::Reserved];
        let map: Vec<_> = (0..random.below(12))
            .map(|_| MemoryEntry {
                range: random_range(&mut random, end),
                kind: kinds[usize::try_from(random.below(4)).unwrap()],
            })
            .collect();
        let windows: Vec<_> = (0..6).map(|_| random_range(&mut random, end)).collect();
        let reserved: Vec<_> = windows.iter().skip(1).map(|window| window.len()).collect();
        let levels = if round % 2 == 0 { Levels::Four } else { Levels::Five };
        let tables = PageTables::new(levels, &map, &Handover::default(), &reserved);
        // The first is the page tables' own.
        let own = PhysRange::of_length(windows[0].start(), PAGE).unwrap();
        let windows: Vec<_> = std::iter::once(own).chain(windows[1..].iter().copied()).collect();
        let bytes = tables.make(own, &[], &windows).unwrap();
        let mapped = mapped(&bytes, own.start().get(), levels);
        assert!(windows.iter().all(|window| mapped.contains(*window)), "{round}");
    }
}

#[test]
fn they_are_a_segment_like_any_other() {
    let tables = PageTables::new(Levels::Four, &map(), &Handover::default(), &[64 << 20]);
    let usable = set(&[(MIB, 0x7fed_c000)]);
    let kernel = SegmentSpec {
        window: 64 << 20,
        constraints: Constraints { alignment: LARGE, ..Constraints::default() },
        ..SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(&[1; 5000]))
    };
    let room = Room { usable: &usable, limit: None, lowest: PhysAddr::new(0), highest: Platform::HIGHEST };
    let placed = place(vec![kernel, tables.spec()], &room).unwrap();
    let [kernel, tables] = placed.as_slice() else { panic!("two segments") };
    assert_eq!((kernel.range.len(), kernel.window.len()), (8192, 64 << 20));
    assert!(!tables.range.overlaps(kernel.window));
    let mapped = mapped(&tables.bytes, tables.range.start().get(), Levels::Four);
    assert!([kernel.window, tables.range].iter().all(|range| mapped.contains(*range)));
}
