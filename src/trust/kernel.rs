//! What the reference kernel's `kexec_file_load` would answer for the same bytes, trust and revocations.
//!
//! The reference is Debian's 6.12 on amd64 with Secure Boot, where `sig_enforce` lets the verifier's own errno through.
//! Nothing here is shared with the strict verification: it is a second reader of the same bytes, as lenient as the
//! kernel is, so that each of the two can contradict the other.

mod errno;
mod pefile;
mod probe;

use errno::Errno;

/// Why a file must not be given to a kernel whatever the options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hazard {
    /// The kernel's parser reads or writes outside of its memory.
    Oops,
}

impl Hazard {
    /// The name as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oops => "oops",
        }
    }
}

/// The kernel's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prediction {
    /// The positive errno, 0 where the kernel accepts; nothing where it is never asked.
    pub errno: Option<i32>,
    /// What the file would do to the kernel instead of getting an answer.
    pub hazard: Option<Hazard>,
}

impl Prediction {
    /// The errno's name: `OK`, `EKEYREJECTED`, ...
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.errno.and_then(errno::name)
    }

    fn from_outcome(outcome: Result<(), Stop>) -> Self {
        match outcome {
            Ok(()) => Self { errno: Some(0), hazard: None },
            Err(Stop::Errno(errno)) => Self { errno: Some(errno.number()), hazard: None },
            Err(Stop::Hazard(hazard)) => Self { errno: None, hazard: Some(hazard) },
        }
    }
}

/// What ends the kernel's work on a file before it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
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

/// Predicts the answer to `kexec_file_load` (`kernel/kexec_file.c:kimage_file_prepare_segments`).
#[must_use]
pub fn predict(bytes: &[u8], _trust: &super::Trust) -> Prediction {
    Prediction::from_outcome(judge(bytes))
}

fn judge(bytes: &[u8]) -> Result<(), Stop> {
    probe::bzimage64(bytes)?;
    pefile::parse(bytes)?;
    Ok(())
}
