//! The judgement: it turns an allegation into a proof, or into the reasons against one.

use super::evidence::{Evidence, Place, Signature, Signer};
use super::inquiry;
use super::store::Trust;
use crate::image::Parsed;
use crate::reason::{Finding, Reason, Refusal};

/// Proof that exactly the subject's bytes were signed by someone whom an anchor trusts, and that nothing revokes them.
///
/// Only [`judge`] makes one:
///
/// ```compile_fail,E0451
/// use skexec::trust::{Place, Signer, Verified};
///
/// fn forged(signer: Signer, place: Place) -> Verified<&'static [u8]> {
///     Verified { subject: b"kernel", signer, place }
/// }
/// ```
#[derive(Debug)]
pub struct Verified<T> {
    subject: T,
    signer: Signer,
    place: Place,
}

impl<T> Verified<T> {
    /// The signer.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The subject whose bytes were signed.
    #[must_use]
    pub const fn subject(&self) -> &T {
        &self.subject
    }

    /// The subject, the signer, and the place of the signature.
    #[must_use]
    pub fn into_parts(self) -> (T, Signer, Place) {
        (self.subject, self.signer, self.place)
    }
}

/// A subject that was not proved, with the reasons.
#[derive(Debug)]
pub struct Refused<T> {
    /// The subject that was judged.
    pub subject: T,
    /// The reasons, the most important one first.
    pub refusal: Refusal,
}

/// An outcome, with its evidence.
#[derive(Debug)]
pub struct Judgement<T> {
    /// The proof, or the reasons against it.
    pub outcome: Result<Verified<T>, Refused<T>>,
    /// The facts that were found.
    pub evidence: Evidence,
}

impl<T> Judgement<T> {
    /// The subject, whatever the outcome.
    #[must_use]
    pub const fn subject(&self) -> &T {
        match &self.outcome {
            Ok(verified) => &verified.subject,
            Err(refused) => &refused.subject,
        }
    }
}

/// Judges a file by its signature. The kernel's answer to the file is predicted elsewhere: see [`crate::prediction`].
pub fn judge<B: AsRef<[u8]>>(subject: Parsed<B>, signature: Signature<'_>, trust: &Trust) -> Judgement<Parsed<B>> {
    let (proved, findings, evidence) = inquiry::inquire(&subject, signature, trust);
    let outcome = match (proved, Refusal::of(findings)) {
        (_, Some(refusal)) => Err(Refused { subject, refusal }),
        (Some((signer, place)), None) => Ok(Verified { subject, signer, place }),
        // Where there is neither a proof nor a finding, the file is refused all the same.
        (None, None) => Err(Refused { subject, refusal: Finding::new(Reason::Pkcs7, "nothing was proved").into() }),
    };
    Judgement { outcome, evidence }
}
