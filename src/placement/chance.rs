//! A segment that lies at a random address.

use super::SegmentSpec;
use crate::memory::{PAGE, PhysAddr, PhysRange, RangeSet};

/// What [`places`] does with one that was drawn: the index of its segment and its addresses.
pub(super) type Drawn = (usize, PhysRange);

/// The places of all segments, with the segment whose address is drawn at the first place drawn for which `arrange` finds places
/// for the others, in what it leaves free. Nothing where no segment is drawn, or no draw succeeds.
pub(super) fn places(
    specs: &[SegmentSpec<'_>],
    free: &RangeSet,
    arrange: impl Fn(&RangeSet, Drawn) -> Option<Vec<PhysRange>>,
) -> Option<Vec<PhysRange>> {
    let drawn = |spec: &&SegmentSpec<'_>| spec.constraints.fixed.is_none() && !spec.constraints.draws.is_empty();
    let (index, spec) = specs.iter().enumerate().find(|(_, spec)| drawn(spec))?;
    let stretches = Stretches::of(spec, free);
    spec.constraints.draws.iter().find_map(|number| {
        let place = stretches.place(*number)?;
        arrange(&free.without(place), (index, place))
    })
}

/// The stretches of free memory in which a segment has at least one place.
struct Stretches {
    /// Of each: the lowest place's start, and the number of places.
    stretches: Vec<(PhysAddr, u64)>,
    alignment: u64,
    length: u64,
}

impl Stretches {
    fn of(spec: &SegmentSpec<'_>, free: &RangeSet) -> Self {
        let (alignment, length) = (spec.constraints.alignment.max(PAGE), spec.reserved());
        let bounded = free.from(spec.constraints.lowest).below(spec.constraints.highest);
        let stretch = |range: PhysRange| {
            let start = range.start().align_up(alignment)?;
            let last = range.end().checked_sub(length)?.align_down(alignment)?;
            let steps = last.get().checked_sub(start.get())?.checked_div(alignment)?;
            Some((start, steps.checked_add(1)?))
        };
        Self { stretches: bounded.iter().filter_map(stretch).collect(), alignment, length }
    }

    /// The place that a random number draws.
    fn place(&self, number: u64) -> Option<PhysRange> {
        let count = self.stretches.iter().fold(0, |count: u64, (_, places)| count.saturating_add(*places));
        let mut chosen = below(number, count)?;
        for (start, places) in &self.stretches {
            match chosen.checked_sub(*places) {
                Some(left) => chosen = left,
                None => {
                    let start = start.checked_add(chosen.checked_mul(self.alignment)?)?;
                    return PhysRange::of_length(start, self.length);
                }
            }
        }
        None
    }
}

/// A number below `count`, from a random one of 64 bits: each with the same probability, but for one part in 2^64 / `count`.
#[must_use]
pub fn below(random: u64, count: u64) -> Option<u64> {
    let product = u128::from(random).checked_mul(u128::from(count))?;
    (count > 0).then(|| u64::try_from(product >> 64).ok()).flatten()
}

#[cfg(test)]
mod tests;
