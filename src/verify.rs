//! `skexec verify`: from a path to its report.

use crate::authorize::Candidate;
use crate::reason::{Finding, Reason};
use crate::report::Report;
use crate::sealed::OpenError;
use crate::sources::Gathered;
use crate::trust;
use std::path::Path;
use std::time::SystemTime;

/// Reads a file once and says who signed it.
#[must_use]
pub fn file(path: &Path, gathered: &Gathered) -> Report {
    let candidate = match Candidate::read(path) {
        Ok(candidate) => candidate,
        Err(error) => return Report::unreadable(path, unusable(&error), &gathered.warnings),
    };
    let judgement = trust::judge(candidate, &gathered.trust);
    let mut warnings = gathered.warnings.clone();
    warnings.extend(judgement.evidence.warnings(SystemTime::now()));
    Report::new(path, &judgement, &warnings)
}

/// The finding for a file that cannot be had.
#[must_use]
pub fn unusable(error: &OpenError) -> Finding {
    match error {
        OpenError::Io(error) => Finding::new(Reason::Unreadable, error.to_string()),
        OpenError::Unfit(finding) => finding.clone(),
    }
}
