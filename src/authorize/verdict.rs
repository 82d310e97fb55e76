//! What is found out about a candidate: whether it is fit for its role, who signed it, and what a kernel would make of it.
//! `verify` and `load` both ask here, so that the same file gets the same answer.

use super::candidate::Candidate;
use super::demands::KernelCheck;
use super::limits;
use super::payload::Payload;
use super::{Basis, Binding, Waiver, addons, bundle};
use crate::image::{Format, Parsed};
use crate::machine::{Machine, enforcement};
use crate::prediction::{Prediction, predict};
use crate::reason::{Finding, Reason, Refusal};
use crate::sealed::Sealed;
use crate::sources::policy::Kind;
use crate::system::Method;
use crate::trust::{Judgement, Needs, Place, Refused, Signature, Trust, Verified, judge};

/// What a file is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To be booted.
    Kernel,
    /// To be given to a kernel.
    Initrd,
    /// To add to a UKI.
    Addon,
    /// To bind a kernel, its initrds and its command line.
    Manifest,
}

impl Role {
    /// What a file of this format is to the policy.
    const fn kind(self, format: Format) -> Kind {
        match (self, format) {
            (Self::Kernel, Format::Uki) => Kind::Uki,
            (Self::Kernel, _) => Kind::Kernel,
            (Self::Initrd, _) => Kind::Initrd,
            (Self::Addon, _) => Kind::Addon,
            (Self::Manifest, _) => Kind::Manifest,
        }
    }
}

/// What was found out about a file: what its signature proves, and what a kernel would make of the file.
#[derive(Debug)]
pub struct Assessment<B> {
    /// What the signature proves, and whether the file is fit for its role; or every reason against it.
    pub judgement: Judgement<Parsed<B>>,
    /// What the reference kernel would answer by the signature in the file's certificate table; for a UKI, by that of the kernel in
    /// it. Nothing for an initrd and an add-on, which no kernel verifies.
    pub prediction: Option<Prediction>,
    role: Role,
}

impl<B: AsRef<[u8]>> Assessment<B> {
    /// What the signature covers; nothing where the file is refused.
    #[must_use]
    pub fn covers(&self) -> Vec<&'static str> {
        match (&self.judgement.outcome, self.role) {
            (Err(_), _) => Vec::new(),
            (Ok(_), Role::Initrd) => vec!["initrd"],
            // What it binds is not parsed yet.
            (Ok(_), Role::Manifest) => Vec::new(),
            (Ok(verified), Role::Kernel | Role::Addon) => bundle::covered(verified.subject()),
        }
    }
}

/// Judges a candidate by its signature and by its role; [`Refusal::of`] ranks all findings together.
#[must_use]
pub fn verify(candidate: Candidate, role: Role, signature: Signature<'_>, trust: &Trust) -> Assessment<Sealed> {
    let Assessment { judgement, prediction, role } = assess(candidate, role, signature, trust);
    let spoiled = judgement.subject().sealed().intact().err();
    let outcome = with_findings(judgement.outcome, spoiled, Vec::new());
    let outcome = outcome.map_err(|Refused { subject, refusal }| {
        let refusal = refusal.in_file(subject.sealed().path());
        Refused { subject, refusal }
    });
    Assessment { judgement: Judgement { outcome, ..judgement }, prediction, role }
}

/// The same for bytes without a path.
pub fn assess<B: AsRef<[u8]>>(file: Parsed<B>, role: Role, signature: Signature<'_>, trust: &Trust) -> Assessment<B> {
    let (unfit, prediction) = match role {
        Role::Kernel => (file.loadable().err().cloned(), Some(predicted(&file, trust))),
        Role::Initrd => (None, None),
        Role::Addon => (addons::unfit(&file), None),
        Role::Manifest => (no_manifest(&file).err(), None),
    };
    // A file that crashes kernels is refused whatever the options say.
    let hazard = prediction.and_then(|prediction| prediction.hazard).map(|_| Finding::from(Reason::Hazard));
    let kind = role.kind(file.format());
    let Judgement { outcome, evidence } = judge(file, signature, trust);
    let outcome = match (role, signature) {
        (Role::Initrd, Signature::Embedded) => without_signature(outcome),
        _ => outcome,
    };
    let last = limits::broken(&trust.limits, kind, &evidence.chain).into_iter().chain(hazard).collect();
    Assessment { judgement: Judgement { outcome: with_findings(outcome, unfit, last), evidence }, prediction, role }
}

/// The kernel is given the whole file, or the kernel in a UKI.
fn predicted<B: AsRef<[u8]>>(file: &Parsed<B>, trust: &Trust) -> Prediction {
    match file.linux() {
        Some(linux) => predict(&linux, &trust.keyrings()),
        None => predict(file.file(), &trust.keyrings()),
    }
}

/// A signer of manifests may sign other files, too. What they are is recognised by how they start.
fn no_manifest<B>(file: &Parsed<B>) -> Result<(), Finding> {
    if file.format() == Format::Manifest {
        return Ok(());
    }
    Err(Finding::new(Reason::Manifest, "its first line that is neither blank nor a comment does not set `manifest`"))
}

/// Only a detached signature counts for an initrd. What else speaks against the file stays.
fn without_signature<T>(outcome: Result<Verified<T>, Refused<T>>) -> Result<Verified<T>, Refused<T>> {
    let (subject, others) = match outcome {
        Ok(verified) => (verified.into_parts().0, Vec::new()),
        Err(Refused { subject, refusal }) => {
            let others = refusal.iter().filter(|finding| finding.reason != Reason::Unsigned).cloned().collect();
            (subject, others)
        }
    };
    let unsigned = Finding::from(Reason::InitrdUnsigned);
    let all = others.into_iter().chain([unsigned.clone()]).collect();
    Err(Refused { subject, refusal: Refusal::of(all).unwrap_or_else(|| unsigned.into()) })
}

/// Refuses the file for these findings, too: the first comes before those of the judgement, the others after them.
fn with_findings<T>(
    outcome: Result<Verified<T>, Refused<T>>,
    first: Option<Finding>,
    last: Vec<Finding>,
) -> Result<Verified<T>, Refused<T>> {
    if first.is_none() && last.is_empty() {
        return outcome;
    }
    let (subject, judged) = match outcome {
        Ok(verified) => (verified.into_parts().0, Vec::new()),
        Err(Refused { subject, refusal }) => (subject, refusal.iter().cloned().collect()),
    };
    let refusal = Refusal::of(first.into_iter().chain(judged).chain(last).collect());
    // There is at least one finding, so the second is never made.
    Err(Refused { subject, refusal: refusal.unwrap_or_else(|| Reason::Hazard.into()) })
}

/// What does not matter about the embedded signature of a kernel that a manifest binds: who made it.
const IMMATERIAL: &[Reason] = &[Reason::Unsigned, Reason::UnknownSigner, Reason::SignerNotAllowed, Reason::KeyTooSmall];

/// A kernel that may be booted as far as its own bytes are concerned, and why.
#[derive(Debug)]
pub struct Accepted {
    pub(super) kernel: Payload,
    pub(super) basis: Basis,
    /// What a kernel would need to verify the signature that was judged; nothing where no kernel looks for that one.
    needs: Option<Needs>,
    prediction: Prediction,
}

impl Accepted {
    /// A verified kernel, or one whose missing signature is waived.
    ///
    /// # Errors
    /// Every reason against it.
    pub fn new(assessment: Assessment<Sealed>, waiver: Waiver) -> Result<Self, Refusal> {
        let Assessment { judgement: Judgement { outcome, evidence }, prediction, .. } = assessment;
        let (kernel, basis) = match outcome {
            Ok(verified) => match verified.into_parts() {
                (kernel, signer, Place::Embedded) if kernel.format() == Format::Uki => (kernel, Basis::Uki(signer)),
                (kernel, signer, Place::Embedded) => (kernel, Basis::Embedded(signer)),
                (kernel, signer, Place::Detached) => (kernel, Basis::Detached(signer)),
            },
            Err(refused) => (refused.subject, Basis::Waived(waiver.over(refused.refusal)?)),
        };
        let kernel = Payload::of(kernel)?;
        let needs = evidence.kernel_looks.then_some(evidence.needs);
        Ok(Self { kernel, basis, needs, prediction: prediction.unwrap_or_default() })
    }

    /// The kernel that a manifest binds. Its own signature need not be trusted, and need not be there; but it must not be broken or
    /// revoked. A detached signature that was named must be valid.
    ///
    /// # Errors
    /// Every reason against it; `manifest-kernel`.
    pub fn bound(assessment: Assessment<Sealed>, signature: Signature<'_>, binding: &Binding) -> Result<Self, Refusal> {
        let Assessment { judgement: Judgement { outcome, evidence }, prediction, .. } = assessment;
        let (kernel, mut findings) = match outcome {
            Ok(verified) => (verified.into_parts().0, Vec::new()),
            Err(Refused { subject, refusal }) => (subject, refusal.iter().cloned().collect()),
        };
        if matches!(signature, Signature::Embedded) {
            findings.retain(|finding| !IMMATERIAL.contains(&finding.reason));
        }
        findings.extend(binding.check_kernel(&kernel).err());
        if let Some(refusal) = Refusal::of(findings) {
            return Err(refusal);
        }
        let (kernel, basis) = (Payload::of(kernel)?, Basis::Manifest(binding.signer().clone()));
        let needs = evidence.kernel_looks.then_some(evidence.needs);
        Ok(Self { kernel, basis, needs, prediction: prediction.unwrap_or_default() })
    }

    /// What the running kernel would check of this image, if it may enforce signatures and the method has it look at the image.
    #[must_use]
    pub fn kernel_check(&self, machine: &Machine, method: Method, trust: &Trust) -> Option<KernelCheck> {
        if method != Method::File || !enforcement(machine).may_enforce() {
            return None;
        }
        let own = || Needs::of_embedded(&Parsed::new(self.kernel.bytes()), &trust.anchors);
        let needs = self.needs.clone().unwrap_or_else(own);
        Some(KernelCheck { needs, prediction: self.prediction })
    }

    /// Why the kernel may be loaded.
    #[must_use]
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Payload {
        &self.kernel
    }
}

#[cfg(test)]
mod tests;
