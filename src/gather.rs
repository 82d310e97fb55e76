//! Collects the trust anchors and the revocations from all sources, in the order in which reports name the sources.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod anchors;
pub(crate) mod content;
mod pem;
mod revocations;

use crate::reason::{Caution, Finding, Reason, Warning};
use crate::sources::files::Unreadable;
use crate::sources::firmware::Mok;
use crate::sources::policy::Policy;
use crate::sources::{Root, SecureBoot};
use crate::trust::Trust;
use std::path::PathBuf;

/// The anchors and revocations that the user named.
#[derive(Debug, Clone, Default)]
pub struct TrustRequest {
    /// `--keys`: certificates, directories of them, EFI signature lists.
    pub keys: Vec<PathBuf>,
    /// `--revoked`: the same, and files of `sha256:HEX` lines.
    pub revoked: Vec<PathBuf>,
    /// Whether the system's anchors count (not `--no-system-trust`); its revocations always do.
    pub system: bool,
}

/// The anchors and revocations that were found. Warnings have the slugs `revocation-incomplete`, `revocation-ignored`,
/// `trust-list-ignored`, `mok-variable-ignored`.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// Anchors, revocations, SBAT level, and the revocation lists that cannot be read.
    pub trust: Trust,
    /// Warnings about sources that were left out.
    pub warnings: Vec<Warning>,
}

/// Reads everything that a judgement depends on, apart from the file's own bytes.
///
/// The anchors come in this order: those of the request; then, with `system`, those of /etc/skexec/trust.d, of
/// /usr/lib/skexec/trust.d (only with Secure Boot off), of `db`, and of `MokListRT`. Revocations of the request and of the
/// system always count. A revocation list that cannot be read or parsed is added to [`Trust::unreadable`], unless the policy's
/// `ignore-revocations` names it.
///
/// # Errors
/// `trust-file`: a file that the request names cannot be used.
pub fn gather(root: &Root, policy: &Policy, request: &TrustRequest) -> Result<Gathered, Finding> {
    let secure_boot = SecureBoot::read(root);
    let trust = Trust { limits: policy.limits.clone(), ..Trust::default() };
    let gathered = Gathered { trust, warnings: Vec::new() };
    let mut gatherer = Gatherer { root, ignored: &policy.ignore_revocations.value, gathered };

    gatherer.named_keys(request)?;
    if request.system {
        gatherer.system_keys(secure_boot);
        gatherer.firmware_keys();
    }

    gatherer.named_revocations(request)?;
    gatherer.dbx(secure_boot);
    gatherer.mok_revocations(secure_boot);
    gatherer.sbat_level();
    gatherer.system_revocations();
    gatherer.blacklist();
    gatherer.entries_of_other_kinds();
    Ok(gatherer.gathered)
}

struct Gatherer<'a> {
    root: &'a Root,
    /// Names of the revocation lists that the policy ignores when they cannot be read.
    ignored: &'a [String],
    gathered: Gathered,
}

impl Gatherer<'_> {
    fn warn_of_planted(&mut self, list: &Mok) {
        for name in &list.planted {
            let message = format!("{name}: the variable is not volatile, so shim did not create it");
            self.warn(Caution::MokVariableIgnored, message);
        }
    }

    fn warn(&mut self, caution: Caution, message: String) {
        self.gathered.warnings.push(Warning::new(caution, message));
    }
}

fn trust_file(Unreadable { path, what }: Unreadable) -> Finding {
    Finding::new(Reason::TrustFile, format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests;
