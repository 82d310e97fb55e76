use super::*;
use crate::placement::{Constraints, Content, Role};
use forge::random::Random;

fn at(address: u64) -> PhysAddr {
    PhysAddr::new(address)
}

fn set(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().filter_map(|(start, end)| PhysRange::new(at(*start), at(*end))).collect()
}

fn spec(name: &'static str, memory: u64) -> SegmentSpec<'static> {
    let constraints = Constraints { lowest: at(0), ..Constraints::default() };
    SegmentSpec { memory, constraints, ..SegmentSpec::new(Role::Kernel, name, Content::Bytes(&[])) }
}

/// The same, with other constraints.
fn bound(spec: SegmentSpec<'static>, change: impl FnOnce(&mut Constraints)) -> SegmentSpec<'static> {
    let mut spec = spec;
    change(&mut spec.constraints);
    spec
}

fn room(usable: &RangeSet) -> Room<'_> {
    Room { usable, limit: None, lowest: at(0), highest: at(u64::MAX) }
}

fn starts(specs: &[SegmentSpec<'_>], room: &Room<'_>) -> Vec<u64> {
    search(specs, room).unwrap().iter().map(|range| range.start().get()).collect()
}

fn refusal(specs: &[SegmentSpec<'_>], room: &Room<'_>) -> (Reason, String) {
    let finding = search(specs, room).unwrap_err();
    (finding.reason, finding.detail)
}

/// What Debian's 6.12 is loaded as, with 30 MiB of initrd.
fn debian() -> Vec<SegmentSpec<'static>> {
    vec![
        spec("purgatory", 0x9000),
        spec("boot_params", 0x3001),
        bound(spec("kernel", 0x37f_f000), |kernel| {
            (kernel.alignment, kernel.fallback_alignment, kernel.lowest) = (2 << 20, 2 << 20, at(16 << 20));
        }),
        bound(spec("initrd", 30 << 20), |initrd| initrd.lowest = at(16 << 20)),
    ]
}

#[test]
fn from_the_top_down() {
    let usable = set(&[(1 << 20, 0x2000_0000)]);
    assert_eq!(starts(&debian(), &room(&usable)), [0x1fff_7000, 0x1fff_3000, 0x1c60_0000, 0x1a80_0000]);
    // The kernel's end is not the initrd's place: between its end and the spec above is a gap that nothing needs.
    assert_eq!(search(&debian(), &room(&usable)).unwrap()[2].end(), at(0x1fdf_f000));
}

#[test]
fn every_bound_holds() {
    let usable = set(&[(1 << 20, 0xbf00_0000), (1 << 32, 6 << 30)]);
    let rows = [
        (0, u64::MAX, [0x1_7fff_7000, 0x1_7fff_3000, 0x1_7c60_0000, 0x1_7a80_0000]),
        (0, 1 << 32, [0xbeff_7000, 0xbeff_3000, 0xbb60_0000, 0xb980_0000]),
        (0, 0x3000_0001, [0x2fff_7000, 0x2fff_3000, 0x2c60_0000, 0x2a80_0000]),
    ];
    for (lowest, highest, wanted) in rows {
        let room = Room { lowest: at(lowest), highest: at(highest), ..room(&usable) };
        assert_eq!(starts(&debian(), &room), wanted);
    }
    let low = bound(spec("low", PAGE), |low| low.highest = at(1 << 30));
    assert_eq!(starts(&[low], &room(&usable)), [0x3fff_f000]);
    let high = Room { lowest: at(0x1_7fff_f001), ..room(&usable) };
    assert_eq!(refusal(&[spec("high", 1)], &high).0, Reason::NoMemoryHole);
}

#[test]
fn lengths_are_whole_pages() {
    let usable = set(&[(0x1000, 0x9000)]);
    let lengths = |spec| search(&[spec], &room(&usable)).unwrap()[0].len();
    assert_eq!(lengths(spec("p", 0)), PAGE);
    assert_eq!(lengths(spec("p", PAGE + 1)), 2 * PAGE);
    assert_eq!(lengths(SegmentSpec { content: Content::Bytes(&[0; 0x3000]), ..spec("p", 1) }), 3 * PAGE);
    assert_eq!(refusal(&[spec("p", u64::MAX)], &room(&usable)).0, Reason::NoMemoryHole);
}

#[test]
fn a_fixed_piece_goes_first_or_nowhere() {
    let usable = set(&[(0x10_0000, 0x20_0000)]);
    let fixed = |name, start| bound(spec(name, 0x2000), |own| own.fixed = Some(at(start)));
    let rows = [
        (0x20_0000 - 0x2000, None),
        (0x10_0000, None),
        (0x1f_f000, Some("text can only lie at 0x1ff000-0x201000: 0x200000-0x201000 is not free RAM")),
        (0x10_0800, Some("text can only lie at 0x100800-0x102800: which is not the start of a page")),
        (u64::MAX, Some("text at 0xffffffffffffffff: there is no such address")),
        (0x18_0000, Some("text can only lie at 0x180000-0x182000: data lies there")),
        (0x11_0000, None),
        (0, Some("text can only lie at 0x0-0x2000: 0x0-0x2000 is not free RAM")),
    ];
    for (start, wanted) in rows {
        let specs = [spec("any", 0x8000), fixed("data", 0x18_1000), fixed("text", start)];
        match wanted {
            None => assert_eq!(starts(&specs, &room(&usable))[1..], [0x18_1000, start]),
            Some(wanted) => assert_eq!(refusal(&specs, &room(&usable)), (Reason::NoMemoryHole, wanted.to_owned())),
        }
    }
    let low = Room { highest: at(0x18_0000), ..room(&usable) };
    let wanted = "text can only lie at 0x17f000-0x181000: outside the bounds 0x0-0x180000";
    assert_eq!(refusal(&[fixed("text", 0x17_f000)], &low).1, wanted);
}

#[test]
fn a_lesser_alignment_only_when_it_must_be() {
    let kernel = bound(spec("kernel", 1 << 20), |own| (own.alignment, own.fallback_alignment) = (2 << 20, 1 << 16));
    let wide = set(&[(1 << 20, 8 << 20)]);
    assert_eq!(starts(std::slice::from_ref(&kernel), &room(&wide)), [6 << 20]);
    let narrow = set(&[(0x31_0000, 0x41_0000)]);
    assert_eq!(starts(std::slice::from_ref(&kernel), &room(&narrow)), [0x31_0000]);
    let off = set(&[(0x31_1000, 0x41_1000)]);
    let wanted = "kernel takes 1 MiB, aligned to 0x10000, from 0x0 on; the largest stretch there is 1 MiB";
    assert_eq!(refusal(&[kernel], &room(&off)), (Reason::NoMemoryHole, wanted.to_owned()));
}

#[test]
fn the_limits_of_the_call() {
    let usable = set(&[(1 << 20, 1 << 30)]);
    let many = |count: usize| -> Vec<_> { (0..count).map(|_| spec("p", 1)).collect() };
    let specs = many(MOST_SEGMENTS);
    assert_eq!(search(&specs, &room(&usable)).unwrap().len(), MOST_SEGMENTS);
    let more = many(MOST_SEGMENTS + 1);
    assert_eq!(refusal(&more, &room(&usable)), (Reason::TooManySegments, "17 segments of 16".to_owned()));
    let half = Room { limit: Some(16 * PAGE), ..room(&usable) };
    assert!(search(&specs, &half).is_ok());
    let half = Room { limit: Some(256 << 20), ..room(&usable) };
    let big = [spec("kernel", 60 << 20), spec("initrd", 220 << 20), spec("boot_params", 0x3001)];
    let wanted = "60 MiB for kernel, 220 MiB for initrd, 16 KiB for boot_params; the limit is 256 MiB";
    assert_eq!(refusal(&big, &half), (Reason::MemoryTooSmall, wanted.to_owned()));
    let wanted = "initrd takes 220 MiB, aligned to 0x1000, from 0x0 on; the largest stretch there is 199 MiB";
    assert_eq!(refusal(&big, &room(&set(&[(1 << 20, 200 << 20)]))), (Reason::NoMemoryHole, wanted.to_owned()));
    let wanted = "60 MiB for kernel, 220 MiB for initrd, 16 KiB for boot_params; each would fit, but not all together: \
                  of 270 MiB free the largest stretch is 250 MiB";
    assert_eq!(
        refusal(&big, &room(&set(&[(1 << 20, 21 << 20), (50 << 20, 300 << 20)]))),
        (Reason::NoMemoryHole, wanted.to_owned())
    );
}

/// Sixteen specs without an order that works: the search ends.
#[test]
fn the_search_is_bounded() {
    let usable: RangeSet = (0..60).filter_map(|hole| PhysRange::of_length(at(hole * 2 * PAGE), PAGE)).collect();
    let specs: Vec<_> = (0..16).map(|_| bound(spec("p", 1), |own| own.highest = at(30 * PAGE))).collect();
    assert_eq!(refusal(&specs, &room(&usable)).0, Reason::NoMemoryHole);
}

/// A segment in a world of 24 pages.
fn random_spec(random: &mut Random) -> SegmentSpec<'static> {
    static ZEROS: [u8; 0x3000] = [0; 0x3000];
    let alignment = PAGE << random.below(4);
    let lowest = if random.below(2) == 0 { 0 } else { random.below(20) * PAGE / 2 };
    let content = usize::try_from(random.below(3 * PAGE)).unwrap();
    let constraints = Constraints {
        alignment,
        fallback_alignment: alignment >> random.below(3),
        lowest: at(lowest),
        highest: at(if random.below(3) == 0 { random.below(25) * PAGE } else { u64::MAX }),
        fixed: (random.below(6) == 0).then(|| at(random.below(24) * PAGE)),
        draws: Vec::new(),
    };
    let window = if random.below(2) == 0 { 0 } else { random.below(8 * PAGE) };
    let spec = spec("p", random.below(6 * PAGE));
    SegmentSpec { content: Content::Bytes(&ZEROS[..content]), window, constraints, ..spec }
}

fn fits(spec: &SegmentSpec<'_>, place: PhysRange, room: &Room<'_>) -> bool {
    let bounds = |lowest: PhysAddr, highest: PhysAddr| lowest <= place.start() && place.end() <= highest;
    let own = match spec.constraints.fixed {
        Some(start) => place.start() == start,
        None => {
            let aligned = place.start().get().is_multiple_of(spec.constraints.fallback_alignment.max(PAGE));
            aligned && bounds(spec.constraints.lowest, spec.constraints.highest)
        }
    };
    own && bounds(room.lowest, room.highest)
        && room.usable.contains(place)
        && place.start().get().is_multiple_of(PAGE)
        && place.len() == spec.memory.max(spec.content.length()).max(spec.window).max(1).next_multiple_of(PAGE)
}

/// Whether any placement at all is right: every page for every spec.
fn possible(specs: &[SegmentSpec<'_>], room: &Room<'_>, taken: &mut Vec<PhysRange>) -> bool {
    let Some((spec, rest)) = specs.split_first() else { return true };
    let length = spec.memory.max(spec.content.length()).max(spec.window).max(1).next_multiple_of(PAGE);
    (0..24).filter_map(|page| PhysRange::of_length(at(page * PAGE), length)).any(|place| {
        if !fits(spec, place, room) || taken.iter().any(|other| other.overlaps(place)) {
            return false;
        }
        taken.push(place);
        let found = possible(rest, room, taken);
        taken.pop();
        found
    })
}

#[test]
fn it_is_right_and_says_no_only_when_it_must() {
    let mut random = Random(0x5eed);
    let (mut yes, mut no, mut turned) = (0, 0, 0);
    for round in 0..40_000 {
        let usable: RangeSet = (0..1 + random.below(5))
            .filter_map(|_| PhysRange::of_length(at(random.below(24) * PAGE), random.below(10) * PAGE))
            .collect::<RangeSet>()
            .below(at(24 * PAGE));
        let specs: Vec<_> = (0..1 + random.below(4)).map(|_| random_spec(&mut random)).collect();
        let highest = if random.below(4) == 0 { random.below(24 * PAGE) } else { u64::MAX };
        let room = Room { lowest: at(random.below(3) * PAGE / 2), highest: at(highest), ..room(&usable) };
        match search(&specs, &room) {
            Ok(places) => {
                yes += 1;
                assert_eq!(places.len(), specs.len(), "{round}");
                assert!(
                    specs.iter().zip(&places).all(|(spec, place)| fits(spec, *place, &room)),
                    "{round}: {places:?}"
                );
                let pairs = places
                    .iter()
                    .enumerate()
                    .flat_map(|(index, one)| places[..index].iter().map(move |two| (one, two)));
                assert!(pairs.clone().all(|(one, two)| !one.overlaps(*two)), "{round}: {places:?}");
                // A later spec above an earlier one: mostly because another order had to be found.
                turned += usize::from(pairs.clone().any(|(later, earlier)| later > earlier));
            }
            Err(finding) => {
                no += 1;
                assert_eq!(finding.reason, Reason::NoMemoryHole);
                assert!(!possible(&specs, &room, &mut Vec::new()), "{round}: {specs:?} in {usable:?}: {finding}");
            }
        }
    }
    assert!(yes > 5000 && no > 5000 && turned > 500, "{yes} {no} {turned}");
}
