use super::*;
use crate::memory::MIB;
use crate::placement::{Constraints, Content, Role, Room, search};

const LARGE: u64 = 2 * MIB;

fn set(ranges: &[(u64, u64)]) -> RangeSet {
    let range = |(start, end): &(u64, u64)| PhysRange::new(PhysAddr::new(start << 20), PhysAddr::new(end << 20));
    ranges.iter().filter_map(range).collect()
}

fn kernel(draws: Vec<u64>) -> SegmentSpec<'static> {
    let lowest = PhysAddr::new(16 * MIB);
    SegmentSpec {
        window: 5 * MIB,
        constraints: Constraints {
            alignment: LARGE,
            fallback_alignment: LARGE,
            lowest,
            draws,
            ..Constraints::default()
        },
        ..SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(&[1]))
    }
}

fn room(usable: &RangeSet) -> Room<'_> {
    Room { usable, limit: None, lowest: PhysAddr::new(0), highest: PhysAddr::new(u64::MAX) }
}

#[test]
fn every_place_is_drawn_and_none_more_often() {
    // Starts at 16, 18 and 20; at 32; none where 4 MiB are free.
    let usable = set(&[(1, 25), (26, 30), (31, 38)]);
    let stretches = Stretches::of(&kernel(Vec::new()), &usable);
    let start = |number| stretches.place(number).unwrap().start().get() >> 20;
    let drawn: Vec<_> = (0..4000).map(|step| start(step * (u64::MAX / 4000))).collect();
    for (place, times) in [(16, 1000), (18, 1000), (20, 1000), (32, 1000)] {
        let seen = drawn.iter().filter(|start| **start == place).count();
        assert!(seen.abs_diff(times) <= 1, "{place}: {seen}");
    }
    assert!(Stretches::of(&kernel(Vec::new()), &set(&[(1, 20)])).place(7).is_none());
}

#[test]
fn the_first_draw_that_leaves_room_for_all_counts() {
    let usable = set(&[(16, 38)]);
    // All but the lowest and the highest place leave too little for 14 MiB.
    let initrd = || SegmentSpec { memory: 14 * MIB, ..SegmentSpec::new(Role::Initrd, "initrd", Content::Bytes(&[])) };
    let starts = |draws| {
        let places = search(&[kernel(draws), initrd()], &room(&usable)).unwrap();
        assert!(!places[0].overlaps(places[1]), "{places:?}");
        places[0].start().get() >> 20
    };
    assert_eq!(starts(vec![u64::MAX / 2, 1 << 63, 0, u64::MAX]), 16);
    assert_eq!(starts(vec![1 << 63, u64::MAX, 0]), 32);
    assert_eq!(starts(vec![1 << 63, 1 << 62]), 32, "the highest where no draw leaves room");
    assert_eq!(starts(Vec::new()), 32);
}

/// One without a draw before it has no part in it, nor one that has only one address.
#[test]
fn the_segment_that_has_draws_and_no_address_is_drawn() {
    let usable = set(&[(16, 64)]);
    let initrd = || SegmentSpec::new(Role::Initrd, "initrd", Content::Bytes(&[1]));
    let fixed = || {
        let constraints =
            Constraints { fixed: Some(PhysAddr::new(40 * MIB)), draws: vec![0], ..Constraints::default() };
        SegmentSpec { constraints, ..initrd() }
    };
    let starts = |specs: [SegmentSpec<'_>; 2]| {
        let places = search(&specs, &room(&usable)).unwrap();
        places.iter().map(|place| place.start().get()).collect::<Vec<_>>()
    };
    assert_eq!(starts([initrd(), kernel(vec![0])]), [64 * MIB - PAGE, 16 * MIB]);
    assert_eq!(starts([fixed(), kernel(vec![0])]), [40 * MIB, 16 * MIB]);
    assert_eq!(starts([fixed(), kernel(Vec::new())]), [40 * MIB, 58 * MIB]);
}

#[test]
fn the_limit_is_on_what_is_loaded() {
    let usable = set(&[(16, 38)]);
    assert!(search(&[kernel(Vec::new())], &Room { limit: Some(PAGE), ..room(&usable) }).is_ok());
}

#[test]
fn numbers_below_a_count() {
    assert_eq!((below(0, 3), below(u64::MAX, 3), below(1 << 63, 2), below(5, 0)), (Some(0), Some(2), Some(1), None));
}
