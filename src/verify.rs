//! `skexec verify`: from a path to its report.

use crate::authorize::{Candidate, signature_beside};
use crate::gather::Gathered;
use crate::image::Format;
use crate::reason::about;
use crate::report::{Report, Role};
use crate::sealed::Sealed;
use crate::trust::{self, Signature};
use std::path::Path;
use std::time::SystemTime;

/// Reads a file once and says who signed it: within the file, or by `signature`, the path of a detached one. An initrd's
/// is looked for beside it.
#[must_use]
pub fn file(path: &Path, signature: Option<&Path>, gathered: &Gathered) -> Report {
    let candidate = match Candidate::read(path) {
        Ok(candidate) => candidate,
        Err(error) => return Report::refused(path, vec![error.into()], &gathered.warnings),
    };
    let is_initrd = candidate.format() == Format::Initrd;
    let beside = match signature {
        Some(signature) => {
            Sealed::read(signature).map(Some).map_err(|error| (signature.to_owned(), vec![error.into()]))
        }
        None if is_initrd => signature_beside(path),
        None => Ok(None),
    };
    let beside = match beside {
        Ok(beside) => beside,
        Err((signature, findings)) => return Report::refused(path, about(&signature, findings), &gathered.warnings),
    };
    let role = if is_initrd && beside.is_some() { Role::Initrd } else { Role::Kernel };
    let signature = beside.as_ref().map_or(Signature::Within, |beside| Signature::Beside(beside.bytes()));
    let judgement = trust::judge(candidate, signature, &gathered.trust);
    let mut warnings = gathered.warnings.clone();
    warnings.extend(judgement.evidence.warnings(SystemTime::now()));
    Report::new(path, role, &judgement, &warnings)
}
