//! The judgement: an allegation goes in, a proof or the named reasons against it come out.

mod inquiry;

use super::Trust;
use super::cert::{Certificate, Validity};
use super::digest::Digest;
use super::kernel::Prediction;
use crate::reason::{Caution, Finding, Reason, Refusal, Warning};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who signed: the certificate, by what people tell it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The distinguished name of the certificate.
    pub subject: String,
    /// The distinguished name of its issuer.
    pub issuer: String,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// The content bytes of its serial number.
    pub serial: Vec<u8>,
    /// When the certificate is valid.
    pub validity: Validity,
}

impl From<&Certificate> for Signer {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            sha256: certificate.sha256(),
            serial: certificate.serial().to_vec(),
            validity: certificate.validity(),
        }
    }
}

/// Where a signature is looked for. There is no way from the one to the other: a broken signature within a file is not
/// rescued by a detached one, unless that one was named.
#[derive(Debug, Clone, Copy)]
pub enum Signature<'a> {
    /// In the file: a PE's certificate table, or behind a file that is none.
    Embedded,
    /// In a file of its own: PKCS#7 or CMS, DER or PEM.
    Detached(&'a [u8]),
}

/// Where a signature was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    Embedded,
    /// In a file of its own.
    Detached,
}

/// Proof that an anchor vouches for exactly the subject's bytes, and that nothing revokes them.
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

/// What was seen on the way, whatever the outcome.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The digest by the signature's algorithm, or SHA-256 where there is none: a PE's image digest, or of the whole file.
    pub digest: Option<Digest>,
    /// The certificate that the signature names; an allegation unless the outcome is a proof.
    pub signer: Option<Signer>,
    /// The certificates from the signer's to the anchor's, each signed by the next one; empty where no anchor was reached.
    pub chain: Vec<Signer>,
    /// Where the anchor was found ([`Anchor::source`](super::Anchor::source)); nothing where none was reached.
    pub anchor_source: Option<String>,
    /// The signed attribute signingTime, in seconds of Unix time: the signer's own word.
    pub signing_time: Option<i64>,
    /// Key identifiers of all certificates that the signature carries or leads to, and of their issuers: a kernel that
    /// holds none of these keys cannot accept it. Empty where that cannot be said.
    pub key_ids: Vec<Vec<u8>>,
    /// What a kernel computes to verify it, by the crypto API's names: `sha256`, `rsa`, `ecdsa-nist-p256`.
    pub algorithms: Vec<&'static str>,
    /// What the reference kernel would say.
    pub kernel: Prediction,
}

impl Evidence {
    /// What to know of a signature that is good: kernels do not look at the clock, and neither does a judgement.
    #[must_use]
    pub fn warnings(&self, now: SystemTime) -> Vec<Warning> {
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        match (self.signer.as_ref().map(|signer| signer.validity), now) {
            (Some(validity), Some(now)) if now > validity.not_after => {
                vec![Caution::SignerExpired.into()]
            }
            (Some(validity), Some(now)) if now < validity.not_before => {
                vec![Caution::SignerNotYetValid.into()]
            }
            _ => Vec::new(),
        }
    }
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

/// Judges a file by its signature.
pub fn judge<T: AsRef<[u8]>>(subject: T, signature: Signature<'_>, trust: &Trust) -> Judgement<T> {
    let (proved, findings, evidence) = inquiry::inquire(subject.as_ref(), signature, trust);
    let outcome = match (proved, Refusal::of(findings)) {
        (_, Some(refusal)) => Err(Refused { subject, refusal }),
        (Some((signer, place)), None) => Ok(Verified { subject, signer, place }),
        // No proof without a reason why not, whatever was forgotten on the way.
        (None, None) => Err(Refused { subject, refusal: Finding::new(Reason::Pkcs7, "nothing was proved").into() }),
    };
    Judgement { outcome, evidence }
}
