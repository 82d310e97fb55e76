//! A set of addresses, as ranges in order that neither touch nor overlap.

use super::{PAGE, PhysAddr, PhysRange};

/// Ranges in ascending order; ranges that touch or overlap are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet(Vec<PhysRange>);

impl RangeSet {
    /// The ranges, in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = PhysRange> + '_ {
        self.0.iter().copied()
    }

    /// Whether it holds no address.
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

    /// The addresses that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut others = other.0.as_slice();
        let mut both = Vec::new();
        for own in self.iter() {
            // A range that ends before this one ends before all later ones.
            others = others.get(others.partition_point(|other| other.end <= own.start)..).unwrap_or_default();
            both.extend(
                others.iter().take_while(|other| other.start < own.end).filter_map(|other| own.intersection(*other)),
            );
        }
        Self(both)
    }

    /// The addresses that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// The addresses that are in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// All addresses that are not in it, but for the last one there is.
    fn complement(&self) -> Self {
        let last = PhysAddr::new(u64::MAX);
        let starts = std::iter::once(PhysAddr::new(0)).chain(self.iter().map(PhysRange::end));
        let ends = self.iter().map(PhysRange::start).chain(std::iter::once(last));
        starts.zip(ends).filter_map(|(start, end)| PhysRange::new(start, end)).collect()
    }

    /// The whole pages in it.
    #[must_use]
    pub fn whole_pages(&self) -> Self {
        self.iter().filter_map(|own| PhysRange::new(own.start().align_up(PAGE)?, own.end().align_down(PAGE)?)).collect()
    }

    /// The longest range; of equals the highest.
    #[must_use]
    pub fn longest(&self) -> Option<PhysRange> {
        self.iter().max_by_key(|range| range.len())
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

    /// The addresses from a limit on.
    #[must_use]
    pub fn from(&self, limit: PhysAddr) -> Self {
        self.iter().filter_map(|own| PhysRange::new(own.start().max(limit), own.end())).collect()
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
    fn sets_as_bits_say() {
        // Every pair of sets of eight addresses, against the same operation on bits.
        let of =
            |bits: u64| set(&(0..8).filter(|bit| bits >> bit & 1 == 1).map(|bit| (bit, bit + 1)).collect::<Vec<_>>());
        for one in 0..256 {
            for two in 0..256 {
                assert_eq!(of(one).intersection(&of(two)), of(one & two), "{one:08b} {two:08b}");
                assert_eq!(of(one).difference(&of(two)), of(one & !two), "{one:08b} {two:08b}");
                assert_eq!(of(one).union(&of(two)), of(one | two), "{one:08b} {two:08b}");
            }
        }
    }

    #[test]
    fn pages_are_whole() {
        let odd = set(&[(1, 4096), (4097, 3 * 4096 + 1), (5 * 4096, 6 * 4096)]);
        assert_eq!(odd.whole_pages(), set(&[(2 * 4096, 3 * 4096), (5 * 4096, 6 * 4096)]));
        assert_eq!(odd.longest(), set(&[(4097, 3 * 4096 + 1)]).iter().next());
        assert_eq!(set(&[]).longest(), None);
    }

    #[test]
    fn sets_are_cut() {
        let all = set(&[(0, 10), (20, 30)]);
        let hole = PhysRange::new(PhysAddr::new(5), PhysAddr::new(25)).unwrap();
        assert_eq!(all.without(hole), set(&[(0, 5), (25, 30)]));
        assert_eq!(all.intersection(&set(&[(5, 25)])), set(&[(5, 10), (20, 25)]));
        assert_eq!(all.below(PhysAddr::new(22)), set(&[(0, 10), (20, 22)]));
        assert_eq!(all.from(PhysAddr::new(22)), set(&[(22, 30)]));
        assert!(all.contains(PhysRange::new(PhysAddr::new(20), PhysAddr::new(30)).unwrap()) && !all.contains(hole));
    }
}
