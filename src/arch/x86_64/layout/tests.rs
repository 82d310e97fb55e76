use super::classic::{constraints, fallback_alignment};
use super::*;
use crate::memory::{MIB, PhysRange};
use crate::placement::Constraints;

/// Debian's 6.12, as far as placement goes.
fn header() -> SetupHeader {
    SetupHeader {
        version: 0x20f,
        setup_size: 0x4000,
        system_size: 0xb0_0000,
        loadflags: 1,
        xloadflags: 0x7f,
        cmdline_size: 2047,
        kernel_alignment: 0x20_0000,
        min_alignment: 21,
        relocatable: true,
        pref_address: 0x100_0000,
        init_size: 0x380_0000,
        release: None,
    }
}

fn at(start: u64) -> [Segment<'static>; 1] {
    let range = PhysRange::of_length(PhysAddr::new(start), 0x1000).unwrap();
    [Segment { role: Role::Kernel, name: "kernel".into(), range, window: range, bytes: (&[]).into(), zeroed: false }]
}

#[test]
fn a_kernel_takes_init_size() {
    let header = header();
    let file = vec![7; header.end() + 5];
    let specs = Form::Classic(&header).specs(&file).unwrap();
    let [kernel] = specs.as_slice() else { panic!("one segment, not {}", specs.len()) };
    assert_eq!((kernel.content.length(), kernel.memory, kernel.zeroed), (0xb0_0000, 0x380_0000, false));
    assert_eq!(kernel.reserved(), 0x380_0000);
    let wanted = Constraints {
        alignment: 0x20_0000,
        fallback_alignment: 0x20_0000,
        lowest: PhysAddr::new(0x100_0000),
        highest: PhysAddr::new(u64::MAX),
        fixed: None,
        draws: Vec::new(),
    };
    assert_eq!(kernel.constraints, wanted);
    let short = Form::Classic(&header).specs(&file[..header.end() - 1]).unwrap_err();
    assert_eq!(short.reason, Reason::Truncated);
}

#[test]
fn what_is_elided_is_reserved_all_the_same() {
    let header = header();
    let file = vec![7; header.end()];
    let (classic, elided) = (Form::Classic(&header), Form::Elided(&header));
    let (all, part) = (classic.specs(&file).unwrap().remove(0), elided.specs(&file).unwrap().remove(0));
    assert_eq!((part.content.length(), part.memory, part.zeroed), (0xb0_0000, 0xb0_0000, false));
    assert_eq!((part.reserved(), &part.constraints), (all.reserved(), &all.constraints));
    assert_eq!((classic.own_page_tables(), elided.own_page_tables()), (false, true));
    assert_eq!(elided.entry(&at(0x300_0000)), Some(PhysAddr::new(0x300_0200)));
    assert_eq!(elided.alignment(&at(0x300_0000)), Some(0x20_0000));
    assert!(!classic.sets_kaslr_flag("quiet") && !elided.sets_kaslr_flag("quiet"));
}

#[test]
fn what_cannot_move_is_fixed() {
    let fixed = constraints(&SetupHeader { relocatable: false, ..header() });
    assert_eq!(fixed.fixed, Some(PhysAddr::new(0x100_0000)));
    let low = constraints(&SetupHeader { pref_address: 0x1000, ..header() });
    assert_eq!(low.lowest, PhysAddr::new(MIB));
}

#[test]
fn the_least_alignment_is_a_shift() {
    let rows = [
        (0, 0x20_0000),
        (12, 0x1000),
        (21, 0x20_0000),
        (24, 0x20_0000),
        (63, 0x20_0000),
        (64, 0x20_0000),
        (255, 0x20_0000),
    ];
    for (min_alignment, wanted) in rows {
        assert_eq!(fallback_alignment(&SetupHeader { min_alignment, ..header() }), wanted, "{min_alignment}");
    }
}

#[test]
fn boot_params_hold_the_alignment_that_is_kept() {
    let header = SetupHeader { kernel_alignment: 0x100_0000, ..header() };
    let form = Form::Classic(&header);
    let rows = [(0x100_0000, 0x100_0000), (0x300_0000, 0x100_0000), (0x320_0000, 0x20_0000)];
    for (start, wanted) in rows {
        assert_eq!(form.alignment(&at(start)), Some(wanted), "{start:#x}");
        assert_eq!(form.entry(&at(start)), Some(PhysAddr::new(start + 0x200)));
    }
    assert_eq!((form.alignment(&[]), form.entry(&[])), (None, None));
}
