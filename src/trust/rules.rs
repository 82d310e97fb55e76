//! Rules for the certificates on a path that skexec checks and the kernel does not. Each rule has its own reason.

use super::algorithm::CertificateScheme;
use super::cert::Certificate;
use crate::reason::{Finding, Reason};

/// Checks a path, signer first. An anchor's dates, purposes and path length do not count, because the anchor is trusted as it is.
pub(super) fn check(path: &[&Certificate], anchored: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let last = path.len().saturating_sub(1);
    let is_anchor = |place| anchored && place == last;
    for (place, certificate) in path.iter().enumerate() {
        findings.extend(check_critical(certificate).err());
        if place == 0 && !is_anchor(0) {
            findings.extend(check_purpose(certificate).err());
            findings.extend(check_usage(certificate).err());
        }
    }
    for (below, (child, issuer)) in path.iter().zip(path.iter().skip(1)).enumerate() {
        findings.extend(check_strength(child, issuer).err());
        findings.extend(check_names(child, issuer).err());
        findings.extend(check_authority(issuer).err());
        if !is_anchor(below.saturating_add(1)) {
            // The authorities between this one and the signer, which is not an authority (RFC 5280, 4.2.1.9).
            let between = path.get(1..=below).unwrap_or_default();
            findings.extend(check_path_length(issuer, between).err());
        }
    }
    findings
}

/// Checks that a trusted certificate may be used for kernels.
///
/// # Errors
/// `anchor-modsign`: a key for modules only, which shim ignores, too.
pub(super) fn check_anchor(anchor: &Certificate) -> Result<(), Finding> {
    match anchor.extensions().ext_key_usage {
        Some(usage) if usage.module_signing => Err(Finding::new(Reason::AnchorModsign, anchor.subject())),
        _ => Ok(()),
    }
}

/// RFC 5280, 4.2: a critical extension that is not understood must not be ignored.
fn check_critical(certificate: &Certificate) -> Result<(), Finding> {
    match certificate.extensions().unknown_critical.as_slice() {
        [] => Ok(()),
        unknown => {
            let seen = format!("{}: {}", certificate.subject(), unknown.join(", "));
            Err(Finding::new(Reason::CriticalExtension, seen))
        }
    }
}

/// RFC 5280, 4.2.1.12.
fn check_purpose(signer: &Certificate) -> Result<(), Finding> {
    match signer.extensions().ext_key_usage {
        Some(usage) if !usage.code_signing => Err(Finding::new(Reason::LeafEku, signer.subject())),
        _ => Ok(()),
    }
}

/// RFC 5280, 4.2.1.3.
fn check_usage(signer: &Certificate) -> Result<(), Finding> {
    match signer.extensions().key_usage {
        Some(usage) if !usage.signs_data() => Err(Finding::new(Reason::LeafKu, signer.subject())),
        _ => Ok(()),
    }
}

/// A digest and a key that are safe, for a signature that was verified already.
fn check_strength(child: &Certificate, issuer: &Certificate) -> Result<(), Finding> {
    if let CertificateScheme::Weak(name) = child.scheme() {
        return Err(Finding::new(Reason::WeakDigest, format!("{} is signed with {name}", child.subject())));
    }
    issuer
        .public_key()
        .check_strength()
        .map_err(|finding| Finding::new(finding.reason, format!("{}: {}", issuer.subject(), finding.detail)))
}

/// RFC 5280, 6.1.3 (a)(4).
fn check_names(child: &Certificate, issuer: &Certificate) -> Result<(), Finding> {
    if child.raw_issuer() == issuer.raw_subject() {
        return Ok(());
    }
    let seen = format!("issued by {}, verified by {}", child.issuer(), issuer.subject());
    Err(Finding::new(Reason::NameChain, seen))
}

/// RFC 5280, 6.1.4 (k) and (n).
fn check_authority(issuer: &Certificate) -> Result<(), Finding> {
    let extensions = issuer.extensions();
    if !extensions.basic_constraints.is_some_and(|basic| basic.ca) {
        return Err(Finding::new(Reason::NotCa, issuer.subject()));
    }
    match extensions.key_usage {
        Some(usage) if !usage.signs_certificates() => {
            let seen = format!("{}: keyUsage has no keyCertSign", issuer.subject());
            Err(Finding::new(Reason::NotCa, seen))
        }
        _ => Ok(()),
    }
}

/// RFC 5280, 6.1.4 (l) and (m): a certificate that an authority issued to itself does not count.
fn check_path_length(issuer: &Certificate, between: &[&Certificate]) -> Result<(), Finding> {
    let limit = issuer.extensions().basic_constraints.and_then(|basic| basic.path_length);
    let steps = between.iter().filter(|one| one.raw_subject() != one.raw_issuer()).count();
    match limit {
        Some(limit) if steps > usize::from(limit) => {
            let seen = format!("{} allows {limit} authorities below it, there are {steps}", issuer.subject());
            Err(Finding::new(Reason::PathLength, seen))
        }
        _ => Ok(()),
    }
}
