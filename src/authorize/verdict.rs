//! What was found about a candidate: whether it is fit for its purpose, and who signed it. `verify` and `load` both ask here, so
//! that the same file gets the same answer.

use super::{Basis, Candidate, Waiver};
use crate::image::Kernel;
use crate::reason::{Finding, Refusal};
use crate::trust::{Evidence, Judgement, Place, Refused, Signature, Trust, Verified, judge};

/// As what a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To be booted.
    Kernel,
    /// To go with a kernel.
    Initrd,
}

impl Role {
    /// The name in `covers`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
        }
    }
}

/// Judges a candidate by its signature and as what it is to be used for; all that speaks against it is ranked together.
#[must_use]
pub fn verify(candidate: Candidate, role: Role, signature: Signature<'_>, trust: &Trust) -> Judgement<Candidate> {
    let Judgement { outcome, evidence } = judge(candidate, signature, trust);
    let outcome = match outcome {
        Ok(verified) => match unfit(verified.subject(), role) {
            None => Ok(verified),
            Some(finding) => Err(Refused { refusal: finding.into(), subject: verified.into_parts().0 }),
        },
        Err(Refused { subject, refusal }) => {
            let all = unfit(&subject, role).into_iter().chain(refusal.iter().cloned()).collect();
            Err(Refused { refusal: Refusal::of(all).unwrap_or(refusal), subject })
        }
    };
    let named = |Refused { subject, refusal }: Refused<Candidate>| {
        let refusal = refusal.in_file(subject.sealed().path());
        Refused { subject, refusal }
    };
    Judgement { outcome: outcome.map_err(named), evidence }
}

/// Why it cannot be what it is to be.
fn unfit(candidate: &Candidate, role: Role) -> Option<Finding> {
    match role {
        Role::Kernel => candidate.loadable().err().cloned(),
        Role::Initrd => None,
    }
}

/// A kernel that may be booted as far as its own bytes are concerned, and why.
#[derive(Debug)]
pub struct Vouched {
    pub(super) kernel: Candidate,
    pub(super) image: Kernel,
    pub(super) basis: Basis,
}

impl Vouched {
    /// A verified kernel, or one whose missing signature is waived.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn new(outcome: Result<Verified<Candidate>, Refused<Candidate>>, waiver: Waiver) -> Result<Self, Refusal> {
        let (kernel, basis) = match outcome {
            Ok(verified) => match verified.into_parts() {
                (kernel, signer, Place::Embedded) => (kernel, Basis::Embedded(signer)),
                (kernel, signer, Place::Detached) => (kernel, Basis::Detached(signer)),
            },
            Err(refused) => (refused.subject, Basis::Waived(waiver.over(refused.refusal)?)),
        };
        let image = kernel.loadable().cloned().map_err(Clone::clone)?;
        Ok(Self { kernel, image, basis })
    }

    /// What was seen of the embedded signature, the only one that the running kernel looks at: what was judged, unless that was a
    /// detached one.
    #[must_use]
    pub fn embedded_signature(&self, judged: Evidence, trust: &Trust) -> Evidence {
        match self.basis {
            Basis::Detached(_) => judge(self.kernel.as_ref(), Signature::Embedded, trust).evidence,
            Basis::Embedded(_) | Basis::Waived(_) => judged,
        }
    }

    /// What kind of kernel it is, and what it says of itself.
    #[must_use]
    pub const fn image(&self) -> &Kernel {
        &self.image
    }
}
