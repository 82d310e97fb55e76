//! The judgement: an allegation goes in; a proof, or the named reasons against it, come out.

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
    /// Who signed.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What was signed.
    #[must_use]
    pub const fn subject(&self) -> &T {
        &self.subject
    }

    /// What was signed, by whom, and where the signature was.
    #[must_use]
    pub fn into_parts(self) -> (T, Signer, Place) {
        (self.subject, self.signer, self.place)
    }
}

/// What was not proved, and why not.
#[derive(Debug)]
pub struct Refused<T> {
    /// What was looked at.
    pub subject: T,
    /// The most telling reason first.
    pub refusal: Refusal,
}

/// An outcome and what led to it.
#[derive(Debug)]
pub struct Judgement<T> {
    /// The proof, or the reasons against it.
    pub outcome: Result<Verified<T>, Refused<T>>,
    /// What was seen.
    pub evidence: Evidence,
}

impl<T> Judgement<T> {
    /// What was judged, whatever came of it.
    #[must_use]
    pub const fn subject(&self) -> &T {
        match &self.outcome {
            Ok(verified) => &verified.subject,
            Err(refused) => &refused.subject,
        }
    }
}

/// Judges a file by its signature. What a kernel would make of the file is not asked here: see [`crate::prediction`].
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
