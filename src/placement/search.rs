//! Finds addresses: in whole pages, aligned, apart from each other, each segment as high as it can lie.
//!
//! The segments with a fixed address come first, then one whose address is drawn at random (`chance`). The others are tried in the order given, each at the highest address that is
//! left to it; where that leaves no room for a later one, in every other order. That finds a placement where there is one:
//! take any that is right, and put its segments in from its highest to its lowest; each finds at least the place it had there,
//! as those before it lie where they lay or higher. Beyond seven segments without a fixed address the search may end before
//! the last order (`MOST_STEPS`); no kernel makes more than four.

use super::{SegmentSpec, chance};
use crate::memory::{PAGE, PhysAddr, PhysRange, RangeSet};
use crate::reason::{Finding, Reason};

/// Segments that the kernel takes (include/uapi/linux/kexec.h, `KEXEC_SEGMENT_MAX`).
pub const MOST_SEGMENTS: usize = 16;

/// Places tried before the search gives up: all orders of seven segments are 13 699.
const MOST_STEPS: u32 = 20_000;

/// The memory that segments may take.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// Free memory.
    pub usable: &'a RangeSet,
    /// Bytes that may be loaded in all: half of the RAM; `None` where that is not known.
    pub limit: Option<u64>,
    /// Nothing may lie below.
    pub lowest: PhysAddr,
    /// Everything must end here or below.
    pub highest: PhysAddr,
}

/// The addresses that each segment reserves, in the order of the specifications, in whole pages.
///
/// # Errors
/// `too-many-segments`, `half-of-ram`, `no-memory-hole`.
pub fn search(specs: &[SegmentSpec<'_>], room: &Room<'_>) -> Result<Vec<PhysRange>, Finding> {
    if specs.len() > MOST_SEGMENTS {
        return Err(Finding::new(Reason::TooManySegments, format!("{} segments of {MOST_SEGMENTS}", specs.len())));
    }
    within_limit(specs, room.limit)?;
    let free = room.usable.from(room.lowest).below(room.highest).whole_pages();
    let (free, placed) = place_fixed(specs, room, free)?;
    let places = chance::places(specs, &free, |free, drawn| arrange(specs, free, &with(&placed, drawn)));
    places.or_else(|| arrange(specs, &free, &placed)).ok_or_else(|| no_room(specs, &free))
}

/// Places for all segments that have none yet: with the alignment that each wants, or else with that which will do.
fn arrange(specs: &[SegmentSpec<'_>], free: &RangeSet, placed: &Placed) -> Option<Vec<PhysRange>> {
    let alignments: [fn(&SegmentSpec<'_>) -> u64; 2] =
        [|spec| spec.constraints.alignment, |spec| spec.constraints.fallback_alignment];
    alignments.into_iter().find_map(|alignment| {
        let (mut search, mut placed) = (Search { specs, alignment, steps: MOST_STEPS }, placed.clone());
        search.rest(free, &mut placed).then(|| placed.into_iter().flatten().collect())
    })
}

fn with(placed: &Placed, (index, range): (usize, PhysRange)) -> Placed {
    let mut placed = placed.clone();
    set(&mut placed, index, Some(range));
    placed
}

fn within_limit(specs: &[SegmentSpec<'_>], limit: Option<u64>) -> Result<(), Finding> {
    let total = specs.iter().fold(0, |total: u64, spec| total.saturating_add(spec.pages()));
    match limit.filter(|limit| total > *limit) {
        Some(limit) => {
            let seen = format!("{}; the limit is {}", sizes(specs, |spec| spec.pages()), size(limit));
            Err(Finding::new(Reason::MemoryTooSmall, seen))
        }
        None => Ok(()),
    }
}

/// An address for each specification; nothing where one has none yet.
type Placed = Vec<Option<PhysRange>>;

/// What is left of free memory when the segments with a fixed address lie there.
fn place_fixed(specs: &[SegmentSpec<'_>], room: &Room<'_>, mut free: RangeSet) -> Result<(RangeSet, Placed), Finding> {
    let mut placed: Placed = vec![None; specs.len()];
    for (index, spec) in specs.iter().enumerate() {
        let Some(start) = spec.constraints.fixed else { continue };
        let range = PhysRange::of_length(start, spec.reserved()).filter(|_| start.align_down(PAGE) == Some(start));
        let Some(range) = range.filter(|range| free.contains(*range)) else {
            return Err(fixed_taken(specs, &placed, room, spec));
        };
        free = free.without(range);
        if let Some(place) = placed.get_mut(index) {
            *place = Some(range);
        }
    }
    Ok((free, placed))
}

/// Tries one order of the segments after the other.
struct Search<'a> {
    specs: &'a [SegmentSpec<'a>],
    alignment: fn(&SegmentSpec<'_>) -> u64,
    steps: u32,
}

impl Search<'_> {
    /// Whether all segments without an address find one; then they have it.
    fn rest(&mut self, free: &RangeSet, placed: &mut Placed) -> bool {
        let mut complete = true;
        for (index, spec) in self.specs.iter().enumerate() {
            if placed.get(index).is_some_and(Option::is_some) {
                continue;
            }
            complete = false;
            let Some(left) = self.steps.checked_sub(1) else { return false };
            self.steps = left;
            // What does not fit now does not fit when there is less.
            let Some(range) = spec.highest_place(free, (self.alignment)(spec)) else { return false };
            set(placed, index, Some(range));
            if self.rest(&free.without(range), placed) {
                return true;
            }
            set(placed, index, None);
        }
        complete
    }
}

fn set(placed: &mut Placed, index: usize, range: Option<PhysRange>) {
    if let Some(place) = placed.get_mut(index) {
        *place = range;
    }
}

impl SegmentSpec<'_> {
    /// The highest place that is left.
    fn highest_place(&self, free: &RangeSet, alignment: u64) -> Option<PhysRange> {
        let bounds = PhysRange::new(self.constraints.lowest, self.constraints.highest)?;
        free.iter().rev().filter_map(|range| range.intersection(bounds)).find_map(|range| {
            let start = range.end().checked_sub(self.reserved())?.align_down(alignment.max(PAGE))?;
            PhysRange::of_length(start, self.reserved()).filter(|place| range.contains(*place))
        })
    }

    /// The length of the longest free stretch within its own bounds.
    fn longest(&self, free: &RangeSet) -> u64 {
        free.from(self.constraints.lowest).below(self.constraints.highest).longest().map_or(0, PhysRange::len)
    }
}

/// What keeps a segment from the only address that it may have.
fn fixed_taken(specs: &[SegmentSpec<'_>], placed: &Placed, room: &Room<'_>, spec: &SegmentSpec<'_>) -> Finding {
    let start = spec.constraints.fixed.unwrap_or_default();
    let Some(range) = PhysRange::of_length(start, spec.reserved()) else {
        return hole(format!("{} at {start}: there is no such address", spec.name));
    };
    let other = specs.iter().zip(placed).find(|(_, place)| place.is_some_and(|place| place.overlaps(range)));
    let bounds = PhysRange::new(room.lowest, room.highest);
    let gap = std::iter::once(range).collect::<RangeSet>().difference(&room.usable.whole_pages());
    let seen = if let Some((other, _)) = other {
        format!("{} lies there", other.name)
    } else if start.align_down(PAGE) != Some(start) {
        "which is not the start of a page".to_owned()
    } else if let Some(bounds) = bounds.filter(|bounds| !bounds.contains(range)) {
        format!("outside the bounds {bounds}")
    } else if let Some(gap) = gap.iter().next() {
        format!("{gap} is not free RAM")
    } else {
        "nothing is free".to_owned()
    };
    hole(format!("{} can only lie at {range}: {seen}", spec.name))
}

fn no_room(specs: &[SegmentSpec<'_>], free: &RangeSet) -> Finding {
    let moving = || specs.iter().filter(|spec| spec.constraints.fixed.is_none());
    let alone = moving().find(|spec| spec.highest_place(free, spec.constraints.fallback_alignment).is_none());
    hole(match alone {
        Some(spec) => format!(
            "{} takes {}, aligned to {:#x}, from {} on; the largest stretch there is {}",
            spec.name,
            size(spec.reserved()),
            spec.constraints.fallback_alignment.max(PAGE),
            spec.constraints.lowest,
            size(spec.longest(free))
        ),
        None => format!(
            "{}; each would fit, but not all together: of {} free the largest stretch is {}",
            sizes(specs, |spec| spec.reserved()),
            size(free.total()),
            size(free.longest().map_or(0, PhysRange::len))
        ),
    })
}

fn hole(seen: String) -> Finding {
    Finding::new(Reason::NoMemoryHole, seen)
}

fn sizes(specs: &[SegmentSpec<'_>], bytes: fn(&SegmentSpec<'_>) -> u64) -> String {
    let sizes: Vec<_> = specs.iter().map(|spec| format!("{} for {}", size(bytes(spec)), spec.name)).collect();
    sizes.join(", ")
}

/// A number of bytes for people: full MiB from one on, KiB below; rounded up.
fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

#[cfg(test)]
mod tests;
