use super::*;
use forge::vmlinux::{BASE, END, Vmlinux};

fn word(flat: &Flat, offset: usize) -> u32 {
    u32::from_le_bytes(*flat.bytes()[offset..].first_chunk().unwrap())
}

fn long(flat: &Flat, offset: usize) -> u64 {
    u64::from_le_bytes(*flat.bytes()[offset..].first_chunk().unwrap())
}

#[test]
fn the_segments_lie_at_their_offsets() {
    let file = Vmlinux::default().build();
    let flat = Flat::new(file.clone()).unwrap();
    assert_eq!((flat.base(), flat.span(), flat.entry()), (BASE, 0x8000, 0x40));
    assert_eq!(flat.bytes().len(), 0x5000);
    assert_eq!(flat.bytes()[..0x2800], file[0x1000..0x3800]);
    assert!(flat.bytes()[0x2800..0x3000].iter().all(|byte| *byte == 0));
    assert_eq!(flat.bytes()[0x3000..0x3400], file[0x4000..0x4400]);
    assert!(flat.bytes()[0x3400..0x4000].iter().all(|byte| *byte == 0));
    assert_eq!(flat.bytes()[0x4000..0x5000], file[0x5000..0x6000]);
}

/// Where a segment of 0x800 bytes is in the file, and where it belongs in memory.
type Place = (u64, u64);

fn laid_out(places: &[Place]) -> Result<Flat, String> {
    let loads = places.iter().map(|(file, memory)| [*file, 0, BASE + memory, 0x800, 0x800]).collect();
    Flat::new(Vmlinux { loads, lists: vec![Vec::new(); 2], ..Vmlinux::default() }.build())
}

#[test]
fn the_segments_are_in_the_order_of_a_linker() {
    let rows: [(&str, &[Place], bool); 5] = [
        ("the file starts with the first one", &[(0, 0), (0x1000, 0x1000)], true),
        ("one follows another without a gap", &[(0x1000, 0), (0x1800, 0x1000)], true),
        ("one lies as far into memory as into the file", &[(0x1000, 0), (0x2000, 0x2000)], true),
        ("one would move towards the end", &[(0x1000, 0), (0x2000, 0x3000)], false),
        ("the file has the second one first", &[(0x3000, 0), (0x2000, 0x1000)], false),
    ];
    for (what, places, wanted) in rows {
        let flat = laid_out(places);
        assert_eq!(flat.is_ok(), wanted, "{what}");
        assert!(flat.err().is_none_or(|error| error.contains("order")), "{what}");
    }
}

#[test]
fn zeros_at_the_end_are_not_loaded() {
    let rows = [(vec![Vec::new(), Vec::new()], 0x4000), (Vmlinux::default().lists, 0x4030)];
    for (lists, length) in rows {
        let mut file = Vmlinux { lists, ..Vmlinux::default() }.build();
        file[0x5000..0x6000].fill(0);
        let flat = Flat::new(file).unwrap();
        assert_eq!((flat.bytes().len(), flat.span()), (length, 0x8000));
    }
}

#[test]
fn it_is_relocated() {
    let mut flat = Flat::new(Vmlinux::default().build()).unwrap();
    let before = flat.clone();
    assert_eq!(flat.relocations().counts(), [2, 1, 2]);
    flat.relocate(0x1340_0000).unwrap();
    assert_eq!((word(&flat, 0x100), word(&flat, 0x104)), (0x9440_0100, 0x9440_4000));
    assert_eq!(word(&flat, 0x3010), 0x6bbf_c000);
    assert_eq!((long(&flat, 0x4020), long(&flat, 0x4028)), (0xffff_ffff_9440_0000, 0xffff_ffff_9440_7000));
    let same = |offset: &usize| flat.bytes()[*offset] == before.bytes()[*offset];
    let changed = (0..flat.bytes().len()).filter(|offset| !same(offset)).collect::<Vec<_>>();
    let places = [0x100..0x108, 0x3010..0x3014, 0x4020..0x4030];
    assert!(changed.iter().all(|offset| places.iter().any(|place| place.contains(offset))), "{changed:x?}");
}

#[test]
fn it_ends_within_the_address_space() {
    let last = IMAGE_SIZE - BASE - 0x8000;
    for (delta, wanted) in [(0, true), (last, true), (last + 1, false), (1 << 31, false), (u64::MAX, false)] {
        let mut flat = Flat::new(Vmlinux::default().build()).unwrap();
        assert_eq!(flat.relocate(delta).is_ok(), wanted, "{delta:#x}");
    }
}

#[test]
fn a_value_keeps_its_range() {
    for (offset, value) in [(0x1100, 0xffff_fff0_u32), (0x4010, 0x1f_ffff)] {
        let mut file = Vmlinux::default().build();
        file[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        let mut flat = Flat::new(file).unwrap();
        assert!(flat.relocate(0x20_0000).unwrap_err().contains("cannot be relocated"), "{value:#x}");
    }
    let mut file = Vmlinux::default().build();
    file[0x5020..0x5028].fill(0xff);
    assert!(Flat::new(file).unwrap().relocate(0x20_0000).is_err());
}

#[test]
fn no_length_makes_it_panic() {
    let file = Vmlinux::default().build();
    for length in (0..0x400).chain(0x5000..=file.len()) {
        // A table that is cut short at the start of a list or within one is a table.
        let table = length.checked_sub(END).is_some_and(|table| table >= 16 && table % 4 == 0);
        assert_eq!(Flat::new(file[..length].to_vec()).is_ok(), table, "{length}");
    }
}
