//! What may be waived: an image's lack of a trusted signature, and nothing else.

use crate::machine::Enforcement;
use crate::reason::{Reason, Refusal};

/// Whether a missing signature was waived, and whether this machine allows that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiver {
    /// `--insecure-unsigned` was given, or the policy says the same.
    pub asked: bool,
    /// Whether the running kernel enforces signatures itself.
    pub enforcement: Enforcement,
}

/// The reasons that can be waived.
const WAIVABLE: &[Reason] = &[Reason::Unsigned, Reason::UnknownSigner];

impl Waiver {
    /// Lets an image without a trusted signature pass, if there is no other finding: returns what was waived.
    ///
    /// # Errors
    /// The refusal as it came; where only the running kernel's enforcement forbids the waiver, the refusal says so.
    pub(super) fn over(self, refusal: Refusal) -> Result<Refusal, Refusal> {
        let waivable = refusal.iter().all(|finding| WAIVABLE.contains(&finding.reason));
        match self.enforcement {
            Enforcement::Off if self.asked && waivable => Ok(refusal),
            enforcement if self.asked && waivable => {
                let why = format!("this cannot be waived on this machine, where signatures are {enforcement}");
                Err(refusal.with_detail(&why))
            }
            _ => Err(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Finding;

    #[test]
    fn only_a_missing_signature_or_signer_can_be_waived() {
        let asked = Waiver { asked: true, enforcement: Enforcement::Off };
        let rows: &[(Waiver, &[Reason], bool)] = &[
            (asked, &[Reason::Unsigned], true),
            (asked, &[Reason::UnknownSigner], true),
            (asked, &[Reason::DigestMismatch], false),
            (asked, &[Reason::UnknownSigner, Reason::DigestMismatch], false),
            (asked, &[Reason::Unsigned, Reason::RevokedImage], false),
            (asked, &[Reason::Unsigned, Reason::Hazard], false),
            (asked, &[Reason::RevocationUnreadable, Reason::Unsigned], false),
            (Waiver { enforcement: Enforcement::Forced, ..asked }, &[Reason::Unsigned], false),
            (Waiver { enforcement: Enforcement::Unknown("x"), ..asked }, &[Reason::Unsigned], false),
            (Waiver { asked: false, ..asked }, &[Reason::Unsigned], false),
        ];
        for (waiver, reasons, waived) in rows {
            let refusal = Refusal::of(reasons.iter().map(|reason| Finding::from(*reason)).collect()).unwrap();
            assert_eq!(waiver.over(refusal).is_ok(), *waived, "{waiver:?} {reasons:?}");
        }
    }

    #[test]
    fn the_refusal_says_where_only_the_machine_forbids_the_waiver() {
        let why = "this cannot be waived on this machine, where signatures are ";
        let rows = [
            (true, Enforcement::Forced, Reason::Unsigned, true),
            (true, Enforcement::Unknown("x"), Reason::UnknownSigner, true),
            (true, Enforcement::Forced, Reason::DigestMismatch, false),
            (true, Enforcement::Off, Reason::DigestMismatch, false),
            (false, Enforcement::Forced, Reason::Unsigned, false),
            (false, Enforcement::Off, Reason::Unsigned, false),
        ];
        for (asked, enforcement, reason, said) in rows {
            let waiver = Waiver { asked, enforcement };
            let refusal = waiver.over(Finding::from(reason).into()).unwrap_err();
            let wanted = if said { format!("{why}{enforcement}") } else { String::new() };
            assert_eq!(refusal.first(), &Finding::new(reason, wanted), "{waiver:?}");
        }
    }
}
