//! `skexec verify`: from a path to its report.

pub(crate) mod listing;

use crate::authorize::{self, Accepted, Binding, Candidate, Reading, Role, addons, detached_signature, signature_at};
use crate::gather::Gathered;
use crate::image::Format;
use crate::reason::Finding;
use crate::report::{Report, Subject};
use crate::sealed::Sealed;
use crate::trust::Signature;
use std::path::Path;
use std::time::SystemTime;

/// Reads a file once and says who signed it: by its embedded signature, or by the detached one at the path `signature`. That of an
/// initrd is looked for at FILE.p7s; a file of no known format that has one there is taken for an initrd, as `load` would. A file
/// NAME.addon.efi is judged as an add-on to a UKI. What lies beside a kernel and would be used by `load` counts: a manifest, or the
/// add-ons of a UKI.
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
    let reading = Reading::to_judge(&gathered.trust);
    let whole = reading.whole || signature.is_some() || Binding::beside(path).is_some();
    let candidate = Candidate::read(path, Reading { profile, whole, ..reading })?;
    let format = candidate.format();
    let detached = match (signature, format) {
        (Some(signature), _) => Some(signature_at(signature)?),
        (None, Format::Initrd | Format::Unknown) => detached_signature(path)?,
        (None, _) => None,
    };
    if format == Format::Manifest {
        return manifest(path, candidate, detached, gathered);
    }
    let role = match format {
        Format::Initrd => Role::Initrd,
        Format::Unknown if detached.is_some() => Role::Initrd,
        _ if addons::named(path) => Role::Addon,
        _ => Role::Kernel,
    };
    let place = detached.as_ref().map_or(Signature::Embedded, |detached| Signature::Detached(detached.bytes()));
    match Binding::beside(path).filter(|_| role == Role::Kernel) {
        Some(manifest) => bound(path, candidate, place, &manifest, gathered),
        None => Ok(alone(path, candidate, role, place, gathered)),
    }
}

/// A file by its own signature; a UKI with its add-ons, of which one that is not trusted refuses the load.
fn alone(path: &Path, candidate: Candidate, role: Role, place: Signature<'_>, gathered: &Gathered) -> Report {
    let assessment = authorize::verify(candidate, role, place, &gathered.trust);
    let mut warnings = gathered.warnings.clone();
    warnings.extend(assessment.judgement.evidence.warnings(SystemTime::now()));
    let verified = assessment.judgement.outcome.as_ref().ok().filter(|_| role == Role::Kernel);
    let addons = verified.map(|verified| addons::of(verified.subject(), &gathered.trust)).transpose();
    match addons {
        Ok(found) => {
            warnings.extend(found.into_iter().flat_map(|(_, warnings)| warnings));
            Report::of(path, &assessment, &warnings)
        }
        Err(refusal) => Report::new(path, Subject::of(&assessment), &warnings, Vec::new(), Some(refusal), None),
    }
}

/// A kernel by the manifest beside it, as `load` judges it.
fn bound(
    path: &Path,
    kernel: Candidate,
    place: Signature<'_>,
    manifest: &Path,
    gathered: &Gathered,
) -> Result<Report, Finding> {
    let judged = Binding::judge(Binding::read(manifest)?, None, &gathered.trust)?;
    let mut warnings = gathered.warnings.clone();
    warnings.extend(judged.judgement.evidence.warnings(SystemTime::now()));
    let mut subject = Subject::of(&judged);
    let binding = match Binding::new(judged) {
        Ok(binding) => binding,
        Err(refusal) => return Ok(Report::new(path, subject, &warnings, Vec::new(), Some(refusal), None)),
    };
    subject.binds(&binding);
    let assessment = authorize::verify(kernel, Role::Kernel, place, &gathered.trust);
    subject.bound_kernel(&assessment);
    let accepted = Accepted::bound(assessment, place, &binding).map(|_| subject.accepted());
    let fault = accepted.and_then(|()| binding.check_named_initrds(&gathered.trust)).err();
    Ok(Report::new(path, subject, &warnings, binding.covers(), fault, None))
}

/// A manifest, and those of the files that it binds which it names: they must be beside it.
fn manifest(
    path: &Path,
    candidate: Candidate,
    signature: Option<Sealed>,
    gathered: &Gathered,
) -> Result<Report, Finding> {
    let assessment = Binding::judge(candidate, signature, &gathered.trust)?;
    let mut warnings = gathered.warnings.clone();
    warnings.extend(assessment.judgement.evidence.warnings(SystemTime::now()));
    if assessment.judgement.outcome.is_err() {
        return Ok(Report::of(path, &assessment, &warnings));
    }
    let subject = Subject::of(&assessment);
    let binding = match Binding::new(assessment) {
        Ok(binding) => binding,
        Err(refusal) => return Ok(Report::new(path, subject, &warnings, Vec::new(), Some(refusal), None)),
    };
    let fault = binding.check_named(&gathered.trust).err();
    Ok(Report::of_manifest(&binding, subject, fault, &warnings))
}
