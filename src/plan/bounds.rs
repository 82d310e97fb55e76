//! Between which addresses everything must lie.

use super::place::Room;
use super::{limits, pieces};
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::memory::{PhysAddr, RangeSet};
use crate::reason::{Finding, Reason};

/// What the user says of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `--mem-min`: nothing lies below.
    pub lowest: Option<PhysAddr>,
    /// `--mem-max`: nothing lies above; this address may be used.
    pub highest: Option<PhysAddr>,
}

impl Bounds {
    /// Says where there is no room that it was not the machine alone that left so little.
    pub(super) fn blame(mut finding: Finding, all: &RangeSet, room: &Room<'_>) -> Finding {
        let left = room.usable.from(room.lowest).below(room.highest).total();
        if finding.reason == Reason::NoMemoryHole && left < all.total() {
            let words = "; --mem-min, --mem-max, or mem= or memmap= of the new command line leave";
            finding.detail.push_str(&format!("{words} {} of {} MiB", left >> 20, all.total() >> 20));
        }
        finding
    }

    /// The first address that may be used.
    pub(super) fn lowest(self) -> PhysAddr {
        self.lowest.unwrap_or_default()
    }

    /// The first address that may not be used any more: the user's word, `mem=` of the new command line, and 4 GiB for a
    /// kernel that cannot be loaded above.
    pub(super) fn highest(self, kernel: &Kernel, cmdline: &Cmdline) -> PhysAddr {
        let last = PhysAddr::new(u64::MAX);
        let users = self.highest.and_then(|highest| highest.checked_add(1)).unwrap_or(last);
        let kernels = match kernel {
            Kernel::BzImage(header) => pieces::highest(header),
            Kernel::Elf(_) => last,
        };
        users.min(kernels).min(limits::mem(cmdline).unwrap_or(last))
    }
}
