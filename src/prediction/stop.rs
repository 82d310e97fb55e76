//! The reasons for which the kernel stops before it accepts a file: an errno or a crash.

use super::errno::Errno;

/// Why a file must not be given to a kernel, whatever the options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hazard {
    /// The kernel's parser reads or writes outside of its memory.
    Oops,
}

impl Hazard {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oops => "oops",
        }
    }
}

/// An errno, or a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Errno(Errno),
    Hazard(Hazard),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Hazard> for Stop {
    fn from(hazard: Hazard) -> Self {
        Self::Hazard(hazard)
    }
}
