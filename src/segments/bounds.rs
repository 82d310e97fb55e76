//! The addresses between which all segments must lie.

use crate::arch::{Architecture as _, Platform};
use crate::image::cmdline::Cmdline;
use crate::memory::{PhysAddr, RangeSet};
use crate::reason::{Finding, Reason};

/// The user's bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `--mem-min`: no segment lies below this physical address.
    pub lowest: Option<PhysAddr>,
    /// `--mem-max`: no segment lies above this physical address, which may itself be used.
    pub highest: Option<PhysAddr>,
}

impl Bounds {
    /// Adds to a finding that there is no room how much memory the user's choices leave, and which choices those are, where they
    /// leave less than there is: of `all` memory, that which a kernel with this command line takes for memory is `usable`.
    pub(super) fn blame(self, mut finding: Finding, all: &RangeSet, usable: &RangeSet, cmdline: &Cmdline) -> Finding {
        let left = usable.from(self.lowest()).below(self.highest());
        if finding.reason == Reason::NoMemoryHole && left.total() < all.total() {
            let by_line = |name| usable.total() < all.total() && cmdline.values(name).next().is_some();
            let choices = [
                (self.lowest.is_some() && usable.from(self.lowest()) != *usable, "--mem-min"),
                (self.highest.is_some() && usable.below(self.highest()) != *usable, "--mem-max"),
                (by_line("mem"), "mem= of the new command line"),
                (by_line("memmap"), "memmap= of the new command line"),
            ];
            let made: Vec<_> = choices.into_iter().filter_map(|(made, name)| made.then_some(name)).collect();
            let made = if made.is_empty() { "this processor".to_owned() } else { made.join(" and ") };
            let (left, all) = (left.total() >> 20, all.total() >> 20);
            finding.detail.push_str(&format!("; of {all} MiB, {left} MiB are left by {made}"));
        }
        finding
    }

    /// The first address that may be used.
    pub(super) fn lowest(self) -> PhysAddr {
        self.lowest.unwrap_or_default()
    }

    /// The first address that may not be used any more.
    pub(super) fn highest(self) -> PhysAddr {
        let users = self.highest.and_then(|highest| highest.checked_add(1));
        users.map_or(Platform::HIGHEST, |highest| highest.min(Platform::HIGHEST))
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::memory::{MIB, PhysRange};

    fn at(mebibytes: u64) -> PhysAddr {
        PhysAddr::new(mebibytes * MIB)
    }

    fn set(ranges: &[(u64, u64)]) -> RangeSet {
        ranges.iter().filter_map(|(start, end)| PhysRange::new(at(*start), at(*end))).collect()
    }

    #[test]
    fn each_choice_that_leaves_less_is_named_and_no_other() {
        let low: &[(u64, u64)] = &[(1, 513)];
        // The second stretch lies where the processor's addresses end.
        let high: &[(u64, u64)] = &[(1, 513), (1 << 26, (1 << 26) + 512)];
        let max = |end: u64| Some(PhysAddr::new(end * MIB - 1));
        let (min, mem) = (Some(at(257)), "quiet mem=257M");
        let rows = [
            (low, None, None, "", ""),
            (low, Some(at(0)), max(2048), "mem=2G memmap=1M$4G", ""),
            (low, min, None, "", "256 MiB are left by --mem-min"),
            (low, min, max(2048), "mem=2G memmap=1M$4G", "256 MiB are left by --mem-min"),
            (low, Some(at(0)), max(2048), mem, "256 MiB are left by mem= of the new command line"),
            (low, None, max(129), mem, "128 MiB are left by --mem-max and mem= of the new command line"),
            (low, None, None, "memmap=1M$1M", "511 MiB are left by memmap= of the new command line"),
            (high, None, None, "", "512 MiB are left by this processor"),
            (high, min, None, "", "256 MiB are left by --mem-min"),
        ];
        for (all, lowest, highest, cmdline, wanted) in rows {
            let (bounds, all, cmdline) = (Bounds { lowest, highest }, set(all), Cmdline::new(cmdline));
            let usable = Platform::usable(&cmdline, &all);
            let blamed = |reason| bounds.blame(Finding::new(reason, "no room"), &all, &usable, &cmdline).detail;
            let more =
                if wanted.is_empty() { String::new() } else { format!("; of {} MiB, {wanted}", all.total() >> 20) };
            assert_eq!(blamed(Reason::NoMemoryHole), format!("no room{more}"), "{bounds:?} {cmdline:?}");
            assert_eq!(blamed(Reason::MemoryTooSmall), "no room", "{bounds:?} {cmdline:?}");
        }
    }
}
