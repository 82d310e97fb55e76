//! The addresses between which all segments must lie.

use crate::arch::{Architecture as _, Platform};
use crate::memory::{PhysAddr, RangeSet};
use crate::placement::Room;
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
    /// Adds to a finding that there is no room how much memory the user's choices leave, where they leave less than there is.
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

    /// The first address that may not be used any more.
    pub(super) fn highest(self) -> PhysAddr {
        let users = self.highest.and_then(|highest| highest.checked_add(1));
        users.map_or(Platform::HIGHEST, |highest| highest.min(Platform::HIGHEST))
    }
}
