use super::*;
use MemoryType::{Acpi, Nvs, Ram, Reserved};

fn range(start: u64, end: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), PhysAddr::new(end)).unwrap()
}

fn table(rows: &[(u64, u64, MemoryType)]) -> Vec<MemoryEntry> {
    rows.iter().map(|(start, end, kind)| MemoryEntry { range: range(*start, *end), kind: *kind }).collect()
}

fn set(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().map(|(start, end)| range(*start, *end)).collect()
}

/// SeaBIOS and a crash kernel of 128 MiB.
fn bios() -> (RangeSet, Vec<MemoryEntry>) {
    let usable = set(&[(0x10_0000, 0x800_0000), (0x1000_0000, 0x1ffd_e000)]);
    let map = table(&[
        (0, 0x9_fc00, Ram),
        (0x9_fc00, 0xa_0000, Reserved),
        (0xf_0000, 0x10_0000, Reserved),
        (0x10_0000, 0x1ffd_e000, Ram),
        (0x1ffd_e000, 0x2000_0000, Reserved),
        (0xfffc_0000, 0x1_0000_0000, Reserved),
    ]);
    (usable, map)
}

/// OVMF with 3 GiB below 4 GiB and 3 GiB above, on a processor that reserves addresses far up.
fn ovmf() -> (RangeSet, Vec<MemoryEntry>) {
    let usable = set(&[(0x10_0000, 0x80_0000), (0x90_0000, 0xbe8e_d000), (1 << 32, 0x1_c000_0000)]);
    let map = table(&[
        (0, 0xa_0000, Ram),
        (0x10_0000, 0x80_0000, Ram),
        (0x80_0000, 0x90_0000, Nvs),
        (0x90_0000, 0xbe8e_d000, Ram),
        (0xbe8e_d000, 0xbeb6_d000, Reserved),
        (0xbeb6_d000, 0xbf00_0000, Acpi),
        (0xffc0_0000, 1 << 32, Reserved),
        (1 << 32, 0x1_c000_0000, Ram),
        (0xfd_0000_0000, 0x100_0000_0000, Reserved),
    ]);
    (usable, map)
}

#[test]
fn a_bios_of_512_mib() {
    let (usable, map) = bios();
    let segments = [
        ("purgatory", range(0x1ffd_5000, 0x1ffd_e000)),
        ("boot_params", range(0x1ffd_1000, 0x1ffd_5000)),
        ("kernel", range(0x1c60_0000, 0x1fdf_f000)),
        ("initrd", range(0x1a80_0000, 0x1c60_0000)),
    ];
    let wanted = [
        "memory: 512 MiB of RAM, 1 MiB a character",
        "         0x0 =...............................................................",
        "   0x4000000 ................................................................",
        "   0x8000000 ================================================================",
        "   0xc000000 ================================================================",
        "  0x10000000 ................................................................",
        "  0x14000000 ................................................................",
        "  0x18000000 ........................................IIIIIIIIIIIIIIIIIIIIIIII",
        "  0x1c000000 IIIIIIKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK.*",
        "  . free RAM  = RAM not free  # not RAM  * several segments",
        "segments: 0x1a800000-0x1ffde000, 3 MiB a character",
        "  I initrd       0x1a800000  30 MiB  IIIIIIIIII",
        "  K kernel       0x1c600000  56 MiB            KKKKKKKKKKKKKKKKKKK",
        "  B boot_params  0x1ffd1000  16 KiB                               B",
        "  P purgatory    0x1ffd5000  36 KiB                               P",
        "    memory                           ..............................",
    ];
    assert_eq!(draw(&usable, &map, &segments, 80), wanted);
}

#[test]
fn an_ovmf_of_6_gib() {
    let (usable, map) = ovmf();
    let segments = [
        ("purgatory", range(0x1_bfff_7000, 0x1_c000_0000)),
        ("boot_params", range(0x1_bfff_3000, 0x1_bfff_7000)),
        ("kernel", range(0x1_bc60_0000, 0x1_bfdf_f000)),
        ("initrd", range(0x1_ae80_0000, 0x1_bc40_0000)),
    ];
    let wanted = [
        "memory: 6120 MiB of RAM, 16 MiB a character",
        "          0x0 ................................................................",
        "   0x40000000 ................................................................",
        "   0x80000000 ...............................................................",
        "          ... 1024 MiB without RAM",
        "  0x100000000 ................................................................",
        "  0x140000000 ................................................................",
        "  0x180000000 ..............................................IIIIIIIIIIIIII*KK*",
        "  . free RAM  = RAM not free  # not RAM  * several segments",
        "segments: 0x1ae800000-0x1c0000000, 8 MiB a character",
        "  I initrd       0x1ae800000  220 MiB  IIIIIIIIIIIIIIIIIIIIIIIIIIII",
        "  K kernel       0x1bc600000   56 MiB                             KKKKKKKK",
        "  B boot_params  0x1bfff3000   16 KiB                                    B",
        "  P purgatory    0x1bfff7000   36 KiB                                    P",
        "    memory                             ...................................",
    ];
    assert_eq!(draw(&usable, &map, &segments, 80), wanted);
}

/// Two segments of a page each, 7 GiB apart, and a program header of 12 MiB: none vanishes.
#[test]
fn the_tiny_and_the_far() {
    let (usable, map) = ovmf();
    let segments = [
        ("purgatory", range(0x1_bfff_f000, 0x1_c000_0000)),
        ("boot_params", range(0x20_0000, 0x20_1000)),
        ("elf 0", range(0x100_0000, 0x1c0_0000)),
    ];
    let wanted = [
        "memory: 6120 MiB of RAM, 16 MiB a character",
        "          0x0 BE..............................................................",
        "   0x40000000 ................................................................",
        "   0x80000000 ...............................................................",
        "          ... 1024 MiB without RAM",
        "  0x100000000 ................................................................",
        "  0x140000000 ................................................................",
        "  0x180000000 ...............................................................P",
        "  . free RAM  = RAM not free  # not RAM  * several segments",
        "segments: 0x200000-0x1c0000000, 128 MiB a character",
        "  B boot_params     0x200000   4 KiB  B",
        "  E elf 0          0x1000000  12 MiB  E",
        "  P purgatory    0x1bffff000   4 KiB                                                         P",
        "    memory                            ........................       #........................",
    ];
    assert_eq!(draw(&usable, &map, &segments, 100), wanted);
}

#[test]
fn a_plan_without_segments_and_no_plan_at_all() {
    let (usable, map) = bios();
    assert_eq!(draw(&usable, &map, &[], 80).len(), 10);
    let nothing =
        ["memory: 0 KiB of RAM, 1 MiB a character", "  . free RAM  = RAM not free  # not RAM  * several segments"];
    assert_eq!(draw(&RangeSet::default(), &[], &[], 80), nothing);
}

/// Whatever the map is: no line too long, nothing but ASCII, few lines, and every segment shows.
#[test]
fn any_map_any_width() {
    let ends = [
        1,
        PAGE,
        0xffff,
        1 << 20,
        (1 << 20) + 1,
        0xdead_b000,
        1 << 32,
        1 << 40,
        1 << 46,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    let kinds = MemoryType::BY_STRICTNESS;
    for (index, start) in ends.iter().enumerate() {
        for (other, end) in ends.iter().enumerate().skip(index + 1) {
            let last = other.min(ends.len() - 2);
            let map = table(&[
                (0, *start, kinds[index % 8]),
                (*start, *end, Ram),
                (ends[last], ends[last + 1], kinds[other % 8]),
            ]);
            let usable = ranges_of(&map, Ram).whole_pages();
            let segments =
                [("kernel", range(start - 1, *start)), ("\u{1b}[2J\u{e9} a very long name", range(end - 1, *end))];
            for width in [0, 75, 76, 77, 80, 100, 199, 200, 5000] {
                let lines = draw(&usable, &map, &segments, width);
                let text = lines.join("\n");
                assert!(lines.iter().all(|line| line.len() <= width.clamp(76, 200)), "{width}\n{text}");
                assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) && lines.len() < 32, "{text}");
                let bar = |row: &str| row.replace(" KiB", "").matches('K').count();
                assert!(lines.iter().any(|line| line.starts_with("  K kernel") && bar(line) >= 2), "{text}");
            }
        }
    }
}
