//! Placement against every possible placement.

use skexec::memory::{PAGE, PhysAddr, PhysRange, RangeSet};
use skexec::placement::{Constraints, Content, Role, Room, SegmentSpec, search};

/// Pages of the small machine, which begins at 2 MiB.
const PAGES: u32 = 40;
const FIRST: u64 = 512;
/// Bytes of input for one segment.
const SPEC: usize = 4;
const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// A segment in pages: length, alignment that is wanted, alignment that will do, bounds, and the only page that it may begin at.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    length: u32,
    alignment: u32,
    fallback: u32,
    lowest: u32,
    highest: u32,
    fixed: Option<u32>,
}

/// A machine of 40 pages, of which the first five bytes of the input say which are free, and up to four segments. The search finds places
/// where trying all of them does, with the alignments that are wanted if they can be had, and no others.
pub fn placement(input: &[u8]) {
    let Some((free, rest)) = input.split_first_chunk::<5>() else { return };
    let free = free.iter().fold(0_u64, |free, byte| free << 8 | u64::from(*byte));
    let wanted: Vec<_> = rest.chunks_exact(SPEC).zip(NAMES).map(|(bytes, _)| wanted(bytes)).collect();
    let usable: RangeSet = (0..PAGES).filter(|page| free >> page & 1 == 1).map(|page| pages(page, 1)).collect();
    let drawn = rest.get(wanted.len() * SPEC).copied().unwrap_or_default();
    let specs: Vec<_> = wanted.iter().zip(NAMES).map(|(wanted, name)| spec(*wanted, name, drawn)).collect();
    let room = Room { usable: &usable, limit: None, lowest: at(0), highest: at(PAGES) };
    let found = search(&specs, &room);
    let possible = |alignment: fn(&Wanted) -> u32| any(&wanted, alignment, free);
    match &found {
        Ok(places) => holds(places, &wanted, free),
        Err(finding) => assert!(!possible(|wanted| wanted.fallback), "{finding}: {wanted:?} in {free:#x}"),
    }
    // A place that is drawn may leave the others less.
    if let (Ok(places), 0, true) = (&found, drawn & 3, possible(|wanted| wanted.alignment)) {
        let aligned = |(place, wanted): (&PhysRange, &Wanted)| {
            wanted.fixed.is_some() || number(*place).is_multiple_of(wanted.alignment)
        };
        assert!(places.iter().zip(&wanted).all(aligned), "{places:?}: {wanted:?}");
    }
}

fn wanted(bytes: &[u8]) -> Wanted {
    let [length, alignment, bounds, fixed] = [0, 1, 2, 3].map(|index| u32::from(bytes[index]));
    let shift = alignment & 3;
    let lowest = bounds & 15;
    Wanted {
        length: 1 + length % 12,
        alignment: 1 << shift,
        fallback: 1 << shift.min(alignment >> 2 & 3),
        lowest,
        highest: (lowest + (bounds >> 4) * 3).min(PAGES),
        fixed: (fixed & 3 == 0).then_some((fixed >> 2) % PAGES),
    }
}

fn spec(wanted: Wanted, name: &'static str, drawn: u8) -> SegmentSpec<'static> {
    let constraints = Constraints {
        alignment: u64::from(wanted.alignment) * PAGE,
        fallback_alignment: u64::from(wanted.fallback) * PAGE,
        lowest: at(wanted.lowest),
        highest: at(wanted.highest),
        fixed: wanted.fixed.map(at),
        draws: (0..u64::from(drawn & 3))
            .map(|draw| (draw + u64::from(drawn)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect(),
    };
    let memory = u64::from(wanted.length) * PAGE;
    SegmentSpec { memory, constraints, ..SegmentSpec::new(Role::Kernel, name, Content::Bytes(&[])) }
}

fn at(page: u32) -> PhysAddr {
    PhysAddr::new((FIRST + u64::from(page)) * PAGE)
}

fn pages(first: u32, length: u32) -> PhysRange {
    PhysRange::new(at(first), at(first + length)).unwrap()
}

/// The page that a place begins at.
fn number(place: PhysRange) -> u32 {
    u32::try_from(place.start().get() / PAGE - FIRST).unwrap()
}

fn bits(first: u32, length: u32) -> u64 {
    ((1 << length) - 1) << first
}

/// Whether the segment may begin at this page.
fn may(wanted: &Wanted, alignment: u32, page: u32) -> bool {
    match wanted.fixed {
        Some(fixed) => fixed == page,
        None => page.is_multiple_of(alignment) && page >= wanted.lowest && page + wanted.length <= wanted.highest,
    }
}

/// Whether there are places for all.
fn any(wanted: &[Wanted], alignment: fn(&Wanted) -> u32, free: u64) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    (0..=PAGES.saturating_sub(first.length)).any(|page| {
        let place = bits(page, first.length);
        may(first, alignment(first), page) && free & place == place && any(rest, alignment, free & !place)
    })
}

fn holds(places: &[PhysRange], wanted: &[Wanted], mut free: u64) {
    assert_eq!(places.len(), wanted.len());
    for (place, wanted) in places.iter().zip(wanted) {
        let (page, taken) = (number(*place), bits(number(*place), wanted.length));
        assert_eq!(place.len(), u64::from(wanted.length) * PAGE);
        assert!(may(wanted, wanted.fallback, page) && free & taken == taken, "{place}: {wanted:?} in {free:#x}");
        free &= !taken;
    }
}
