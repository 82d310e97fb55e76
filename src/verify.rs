//! `skexec verify`: from a path to its report.

use crate::authorize::{self, Candidate, Role, detached_signature};
use crate::gather::Gathered;
use crate::image::Format;
use crate::reason::Finding;
use crate::report::Report;
use crate::sealed::Sealed;
use crate::trust::Signature;
use std::path::Path;
use std::time::SystemTime;

/// Reads a file once and says who signed it: by its embedded signature, or by the detached one at the path `signature`. That of an
/// initrd is looked for at FILE.p7s.
#[must_use]
pub(crate) fn file(path: &Path, signature: Option<&Path>, gathered: &Gathered) -> Report {
    judged(path, signature, gathered)
        .unwrap_or_else(|finding| Report::refused(path, finding.into(), &gathered.warnings))
}

fn judged(path: &Path, signature: Option<&Path>, gathered: &Gathered) -> Result<Report, Finding> {
    let candidate = Candidate::read(path)?;
    let is_initrd = candidate.format() == Format::Initrd;
    let detached = match signature {
        Some(signature) => Some(Sealed::read(signature).map_err(|error| Finding::from(error).in_file(signature))?),
        None if is_initrd => detached_signature(path)?,
        None => None,
    };
    let role = if is_initrd && detached.is_some() { Role::Initrd } else { Role::Kernel };
    let place = detached.as_ref().map_or(Signature::Embedded, |detached| Signature::Detached(detached.bytes()));
    let assessment = authorize::verify(candidate, role, place, &gathered.trust);
    let mut warnings = gathered.warnings.clone();
    warnings.extend(assessment.judgement.evidence.warnings(SystemTime::now()));
    Ok(Report::of(path, role, &assessment, &warnings))
}
