//! All sources together, in the order in which they are named in reports.

mod anchors;
mod revocations;

use super::files::Unreadable;
use super::firmware::Mok;
use super::policy::Policy;
use super::{Gathered, Root, SecureBoot, TrustRequest};
use crate::reason::{Finding, Reason, Warning};

/// The policy's key: names of revocation lists that may be unreadable. One that can be read counts all the same.
const IGNORE: &str = "ignore-revocations";

/// See [`super::gather`].
pub(super) fn gather(root: &Root, request: &TrustRequest) -> Result<Gathered, Finding> {
    let policy = Policy::read(root)?;
    let secure_boot = SecureBoot::read(root);
    let mut gatherer = Gatherer { root, ignored: policy.list(IGNORE)?, gathered: Gathered::default() };

    gatherer.named_keys(request)?;
    if request.system {
        gatherer.system_keys(secure_boot)?;
        gatherer.firmware_keys();
    }

    gatherer.named_revocations(request)?;
    gatherer.dbx(secure_boot);
    gatherer.mok_revocations();
    gatherer.sbat_level();
    gatherer.system_revocations();
    gatherer.blacklist();
    gatherer.entries_of_other_kinds();
    Ok(gatherer.gathered)
}

struct Gatherer<'a> {
    root: &'a Root,
    /// Revocation lists that the policy lets go when they cannot be read.
    ignored: &'a [String],
    gathered: Gathered,
}

impl Gatherer<'_> {
    fn warn_of_planted(&mut self, list: &Mok) {
        for name in &list.planted {
            let message = format!("{name}: it is no volatile variable, so shim did not make it");
            self.warn("mok-variable-ignored", message);
        }
    }

    fn warn(&mut self, slug: &'static str, message: String) {
        self.gathered.warnings.push(Warning::new(slug, message));
    }
}

fn trust_file(Unreadable { path, what }: Unreadable) -> Finding {
    Finding::new(Reason::TrustFile, format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests;
