//! Between which addresses everything must lie.

use super::{limits, pieces};
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::memory::PhysAddr;

/// What the user says of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `--mem-min`: nothing lies below.
    pub lowest: Option<PhysAddr>,
    /// `--mem-max`: nothing lies above; this address may be used.
    pub highest: Option<PhysAddr>,
}

impl Bounds {
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
