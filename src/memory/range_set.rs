//! A set of addresses, as ranges in order that neither touch nor overlap.

use super::{PhysAddr, PhysRange};

/// Ranges in ascending order; what touches or overlaps is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet(Vec<PhysRange>);

impl RangeSet {
    /// The ranges, in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = PhysRange> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all ranges.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.iter().fold(0, |total, range| total.saturating_add(range.len()))
    }

    /// Whether all of a range is in it.
    #[must_use]
    pub fn contains(&self, range: PhysRange) -> bool {
        self.iter().any(|own| own.contains(range))
    }

    /// What both sets have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.iter().flat_map(|own| other.iter().filter_map(move |range| own.intersection(range))).collect()
    }

    /// The set without a range.
    #[must_use]
    pub fn without(&self, hole: PhysRange) -> Self {
        let outside = |own: PhysRange| {
            let below = PhysRange::new(own.start(), own.end().min(hole.start()));
            let above = PhysRange::new(own.start().max(hole.end()), own.end());
            below.into_iter().chain(above)
        };
        self.iter().flat_map(outside).collect()
    }

    /// The addresses below a limit.
    #[must_use]
    pub fn below(&self, limit: PhysAddr) -> Self {
        self.iter().filter_map(|own| PhysRange::new(own.start(), own.end().min(limit))).collect()
    }
}

impl FromIterator<PhysRange> for RangeSet {
    fn from_iter<T: IntoIterator<Item = PhysRange>>(ranges: T) -> Self {
        let mut all: Vec<_> = ranges.into_iter().collect();
        all.sort();
        let mut merged: Vec<PhysRange> = Vec::with_capacity(all.len());
        for range in all {
            match merged.last_mut() {
                Some(last) if range.start() <= last.end() => {
                    *last = PhysRange::new(last.start(), last.end().max(range.end())).unwrap_or(*last);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> RangeSet {
        ranges.iter().filter_map(|(start, end)| PhysRange::new(PhysAddr::new(*start), PhysAddr::new(*end))).collect()
    }

    #[test]
    fn what_touches_is_one() {
        assert_eq!(set(&[(8, 9), (0, 4), (4, 6), (1, 3)]), set(&[(0, 6), (8, 9)]));
        assert_eq!(set(&[(8, 9), (0, 4), (4, 6), (1, 3)]).total(), 7);
    }

    #[test]
    fn sets_are_cut() {
        let all = set(&[(0, 10), (20, 30)]);
        let hole = PhysRange::new(PhysAddr::new(5), PhysAddr::new(25)).unwrap();
        assert_eq!(all.without(hole), set(&[(0, 5), (25, 30)]));
        assert_eq!(all.intersection(&set(&[(5, 25)])), set(&[(5, 10), (20, 25)]));
        assert_eq!(all.below(PhysAddr::new(22)), set(&[(0, 10), (20, 22)]));
        assert!(all.contains(PhysRange::new(PhysAddr::new(20), PhysAddr::new(30)).unwrap()) && !all.contains(hole));
    }
}
