//! What may be waived: an image's lack of a trusted signature, and nothing else.

use super::Basis;
use crate::machine::Enforcement;
use crate::reason::{Finding, Reason};

/// The user's waiver and what this machine makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `--insecure-unsigned` was given.
    pub insecure_unsigned: bool,
    /// Whether the running kernel enforces signatures itself.
    pub enforcement: Enforcement,
}

/// What `--insecure-unsigned` reaches.
const WAIVABLE: &[Reason] = &[Reason::Unsigned, Reason::UnknownSigner];

impl Policy {
    /// Lets an image without a trusted signature pass, if that is all that speaks against it.
    ///
    /// # Errors
    /// The findings as they came.
    pub(super) fn waive(self, findings: Vec<Finding>) -> Result<Basis, Vec<Finding>> {
        let waivable = findings.iter().all(|finding| WAIVABLE.contains(&finding.reason));
        match self.enforcement {
            Enforcement::Off if self.insecure_unsigned && waivable && !findings.is_empty() => {
                Ok(Basis::Waived(findings))
            }
            enforcement if self.insecure_unsigned && waivable => Err(unheard(findings, enforcement)),
            _ => Err(findings),
        }
    }
}

/// Says why a waiver that was asked for does not count.
fn unheard(mut findings: Vec<Finding>, enforcement: Enforcement) -> Vec<Finding> {
    if let Some(finding) = findings.first_mut() {
        let gap = if finding.detail.is_empty() { "" } else { "; " };
        finding.detail.push_str(&format!("{gap}that cannot be waived here, where signatures are {enforcement}"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_vouch_can_be_waived() {
        let asked = Policy { insecure_unsigned: true, enforcement: Enforcement::Off };
        let rows: &[(Policy, &[Reason], bool)] = &[
            (asked, &[Reason::Unsigned], true),
            (asked, &[Reason::UnknownSigner], true),
            (asked, &[Reason::DigestMismatch], false),
            (asked, &[Reason::UnknownSigner, Reason::DigestMismatch], false),
            (asked, &[Reason::Unsigned, Reason::RevokedImage], false),
            (asked, &[Reason::Unsigned, Reason::Hazard], false),
            (asked, &[Reason::RevocationUnreadable, Reason::Unsigned], false),
            (asked, &[], false),
            (Policy { enforcement: Enforcement::Forced, ..asked }, &[Reason::Unsigned], false),
            (Policy { enforcement: Enforcement::Unknown("x"), ..asked }, &[Reason::Unsigned], false),
            (Policy { insecure_unsigned: false, ..asked }, &[Reason::Unsigned], false),
        ];
        for (policy, reasons, waived) in rows {
            let findings = reasons.iter().map(|reason| Finding::from(*reason)).collect();
            assert_eq!(policy.waive(findings).is_ok(), *waived, "{policy:?} {reasons:?}");
        }
    }
}
