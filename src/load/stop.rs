//! Why a load went no further.

use crate::reason::{Finding, Refusal};

/// Why a load went no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// For reasons of the table.
    Refused(Refusal),
    /// For another reason: input, output, internal.
    Failed(anyhow::Error),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Refused(finding.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
