//! `skexec verify`: from a path to its report.

use crate::authorize::{self, Candidate, Role, addons, detached_signature};
use crate::gather::Gathered;
use crate::image::Format;
use crate::reason::Finding;
use crate::report::Report;
use crate::sealed::Sealed;
use crate::trust::Signature;
use std::path::Path;
use std::time::SystemTime;

/// Reads a file once and says who signed it: by its embedded signature, or by the detached one at the path `signature`. That of an
/// initrd is looked for at FILE.p7s; a file of no known format that has one there is taken for an initrd, as `load` would. A file
/// NAME.addon.efi is judged as an add-on to a UKI.
#[must_use]
pub(crate) fn file(path: &Path, signature: Option<&Path>, profile: Option<&str>, gathered: &Gathered) -> Report {
    judged(path, signature, profile, gathered)
        .unwrap_or_else(|finding| Report::refused(path, finding.into(), &gathered.warnings))
}

fn judged(
    path: &Path,
    signature: Option<&Path>,
    profile: Option<&str>,
    gathered: &Gathered,
) -> Result<Report, Finding> {
    let candidate = Candidate::read_profile(path, profile)?;
    let format = candidate.format();
    let detached = match (signature, format) {
        (Some(signature), _) => Some(Sealed::read(signature).map_err(|error| Finding::from(error).in_file(signature))?),
        (None, Format::Initrd | Format::Unknown) => detached_signature(path)?,
        (None, _) => None,
    };
    let role = match format {
        Format::Initrd => Role::Initrd,
        Format::Unknown if detached.is_some() => Role::Initrd,
        _ if addons::named(path) => Role::Addon,
        _ => Role::Kernel,
    };
    let place = detached.as_ref().map_or(Signature::Embedded, |detached| Signature::Detached(detached.bytes()));
    let assessment = authorize::verify(candidate, role, place, &gathered.trust);
    let mut warnings = gathered.warnings.clone();
    warnings.extend(assessment.judgement.evidence.warnings(SystemTime::now()));
    Ok(Report::of(path, &assessment, &warnings))
}
