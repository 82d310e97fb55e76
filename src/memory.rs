//! Physical memory: addresses, half-open ranges, and sets of ranges. No arithmetic that can wrap.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod range_set;
mod table;

pub use range_set::RangeSet;
pub use table::{MemoryEntry, MemoryType, memory_table, ranges_of};

use serde::Serialize;
use std::fmt;

/// Bytes of a page, which kexec's segments are made of.
pub const PAGE: u64 = 4096;

/// 1 MiB: the memory below belongs to firmware and legacy devices.
pub const MIB: u64 = 1 << 20;

/// A physical address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PhysAddr(u64);

impl PhysAddr {
    /// The address of this number.
    #[must_use]
    pub const fn new(address: u64) -> Self {
        Self(address)
    }

    /// The address as a number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The address this many bytes above; `None` where there is none.
    #[must_use]
    pub fn checked_add(self, bytes: u64) -> Option<Self> {
        self.0.checked_add(bytes).map(Self)
    }

    /// The address this many bytes below; `None` where there is none.
    #[must_use]
    pub fn checked_sub(self, bytes: u64) -> Option<Self> {
        self.0.checked_sub(bytes).map(Self)
    }

    /// The next multiple of `alignment`, a power of two, from here on; `None` where there is none, or `alignment` is no
    /// power of two.
    #[must_use]
    pub fn align_up(self, alignment: u64) -> Option<Self> {
        if !alignment.is_power_of_two() {
            return None;
        }
        self.0.checked_next_multiple_of(alignment).map(Self)
    }

    /// The last multiple of `alignment`, a power of two, up to here; `None` where `alignment` is no power of two.
    #[must_use]
    pub fn align_down(self, alignment: u64) -> Option<Self> {
        let mask = alignment.checked_sub(1).filter(|_| alignment.is_power_of_two())?;
        Some(Self(self.0 & !mask))
    }
}

impl fmt::Display for PhysAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// From one address up to, but not including, another; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysRange {
    start: PhysAddr,
    end: PhysAddr,
}

impl PhysRange {
    /// The range between two addresses; `None` where the end is not above the start.
    #[must_use]
    pub fn new(start: PhysAddr, end: PhysAddr) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// A range of this many bytes; `None` where they are none or go past the last address.
    #[must_use]
    pub fn of_length(start: PhysAddr, length: u64) -> Option<Self> {
        Self::new(start, start.checked_add(length)?)
    }

    /// The first address.
    #[must_use]
    pub const fn start(self) -> PhysAddr {
        self.start
    }

    /// The first address behind the range.
    #[must_use]
    pub const fn end(self) -> PhysAddr {
        self.end
    }

    /// Bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no range is empty")]
    pub const fn len(self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }

    /// Whether another range lies in it completely.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The whole pages that hold it; `None` where they would go past the last address.
    #[must_use]
    pub fn covering_pages(self) -> Option<Self> {
        Self::new(self.start.align_down(PAGE)?, self.end.align_up(PAGE)?)
    }

    /// The addresses that both have; `None` where there are none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Whether they have an address in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.intersection(other).is_some()
    }
}

impl fmt::Display for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> Option<PhysRange> {
        PhysRange::new(PhysAddr::new(start), PhysAddr::new(end))
    }

    #[test]
    fn no_range_is_empty_or_wraps() {
        assert_eq!(range(5, 5), None);
        assert_eq!(range(6, 5), None);
        assert_eq!(PhysRange::of_length(PhysAddr::new(u64::MAX), 1), None);
        assert_eq!(PhysRange::of_length(PhysAddr::new(1), 0), None);
        assert_eq!(range(4, 9).unwrap().len(), 5);
    }

    #[test]
    fn alignment() {
        let rows = [(0, 4096, Some(0), Some(0)), (1, 4096, Some(4096), Some(0)), (4096, 4096, Some(4096), Some(4096))];
        for (address, alignment, up, down) in rows {
            let address = PhysAddr::new(address);
            assert_eq!(address.align_up(alignment), up.map(PhysAddr::new));
            assert_eq!(address.align_down(alignment), down.map(PhysAddr::new));
        }
        assert_eq!(range(0x1fff, 0x2001).unwrap().covering_pages(), range(0x1000, 0x3000));
        assert_eq!(range(1, u64::MAX).unwrap().covering_pages(), None);
        assert_eq!(PhysAddr::new(1).align_up(3), None);
        assert_eq!(PhysAddr::new(1).align_down(0), None);
        assert_eq!(PhysAddr::new(u64::MAX).align_up(4096), None);
    }

    #[test]
    fn overlap() {
        let (low, high, across) = (range(0, 10).unwrap(), range(10, 20).unwrap(), range(9, 11).unwrap());
        assert!(!low.overlaps(high) && low.overlaps(across) && across.overlaps(high));
        assert!(!low.contains(across) && low.contains(range(0, 10).unwrap()));
        assert_eq!(low.intersection(across), range(9, 10));
    }
}
