use super::*;
use forge::vmlinux::{INVERSE, LONG, Vmlinux, WORD};

fn parse(vmlinux: &Vmlinux) -> Result<Relocations, String> {
    let file = vmlinux.build();
    Relocations::parse(&Program::parse(&file).unwrap(), &file)
}

#[test]
fn the_lists_are_told_apart() {
    let three = parse(&Vmlinux::default()).unwrap();
    let wanted = Relocations { words: vec![0x100, 0x104], inverse: vec![0x3010], longs: vec![0x4020, 0x4028] };
    assert_eq!(three, wanted);
    let two = parse(&Vmlinux { lists: vec![vec![LONG], vec![WORD]], ..Vmlinux::default() }).unwrap();
    assert_eq!(two, Relocations { words: vec![0x100], inverse: Vec::new(), longs: vec![0x4020] });
    // A kernel for one processor has no negative values; any list may be empty.
    let empty = parse(&Vmlinux { lists: vec![vec![LONG], Vec::new(), vec![WORD]], ..Vmlinux::default() }).unwrap();
    assert_eq!(empty, two);
    assert_eq!(parse(&Vmlinux { lists: vec![Vec::new(); 3], ..Vmlinux::default() }).unwrap().counts(), [0; 3]);
}

/// The places at both ends of the segments' bytes, and those just outside.
#[test]
fn a_place_lies_in_the_bytes_of_a_segment() {
    let word = |place| Vmlinux { lists: vec![Vec::new(), vec![place]], ..Vmlinux::default() };
    let long = |place| Vmlinux { lists: vec![vec![place], Vec::new()], ..Vmlinux::default() };
    let rows = [
        (0x8100_0000, true, true),
        (0x8100_27f8, true, true),
        (0x8100_27fc, true, false),
        (0x8100_27fd, false, false),
        (0x8100_2800, false, false),
        (0x8100_2fff, false, false),
        (0x8100_3000, true, true),
        (0x8100_33fd, false, false),
        (0x8100_4ff8, true, true),
        (0x8100_5000, false, false),
        (0x80ff_ffff, false, false),
        (0x0100_0000, false, false),
        (0xffff_ffff, false, false),
        (1, false, false),
    ];
    for (place, fits, fits_long) in rows {
        assert_eq!(parse(&word(place)).is_ok(), fits, "{place:#x}");
        assert_eq!(parse(&long(place)).is_ok(), fits_long, "{place:#x}");
    }
}

#[test]
fn applying_it_backwards_undoes_it() {
    let relocations = parse(&Vmlinux::default()).unwrap();
    let before = forge::bzimage::noise(9, 0x5000);
    for delta in [1, 0x20_0000, 0x3e00_0000] {
        let mut flat = before.clone();
        for (place, value) in [(WORD, 0x8100_0000_u32), (WORD + 4, 0x8100_0000), (INVERSE, 0x7f00_0000)] {
            let at = usize::try_from(place - 0x8100_0000).unwrap();
            flat[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        flat[0x4027] = 0x7f;
        flat[0x402f] = 0x7f;
        let wanted = flat.clone();
        relocations.apply(&mut flat, delta).unwrap();
        assert!(flat != wanted, "{delta:#x}");
        relocations.apply(&mut flat, -delta).unwrap();
        assert!(flat == wanted, "{delta:#x}");
    }
    assert!(relocations.apply(&mut before.clone(), i32::MIN).is_err());
    assert!(relocations.apply(&mut [0; 0x4000], 1).is_err());
}
