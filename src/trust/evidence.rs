//! Facts about a signature that are reported whether or not it proves anything.

use super::cert::{Certificate, Validity};
use super::needs::Needs;
use super::signature::PublicKey;
use crate::digest::Digest;
use crate::reason::{Caution, Warning};
use std::time::{SystemTime, UNIX_EPOCH};

/// The signer, by its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The distinguished name of the certificate.
    pub subject: String,
    /// The distinguished name of its issuer.
    pub issuer: String,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// Its public key; boxed, because many things are a signer or something small.
    pub key: Box<Key>,
    /// The content bytes of its serial number.
    pub serial: Vec<u8>,
    /// When the certificate is valid.
    pub validity: Validity,
}

/// The public key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub sha256: [u8; 32],
    /// The key.
    pub public: PublicKey,
}

impl From<&Certificate> for Signer {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            sha256: certificate.sha256(),
            key: Box::new(Key { sha256: certificate.key_sha256(), public: certificate.public_key().clone() }),
            serial: certificate.serial().to_vec(),
            validity: certificate.validity(),
        }
    }
}

/// Where the signature is expected. The judgement looks nowhere else: a detached signature does not replace a broken embedded
/// one, nor the other way round.
#[derive(Debug, Clone, Copy)]
pub enum Signature<'a> {
    /// In the file: in a PE's certificate table, or appended to a file that is no PE.
    Embedded,
    /// In a file of its own: PKCS#7 or CMS, DER or PEM.
    Detached(&'a [u8]),
}

/// Where a signature was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    Embedded,
    /// In a file of its own.
    Detached,
}

/// The facts that a judgement found, whatever its outcome.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The image digest of a PE, or the digest of another file as a whole; by the signature's algorithm, or by SHA-256 without one.
    pub digest: Option<Digest>,
    /// The certificate that the signature names; an allegation unless the outcome is a proof.
    pub signer: Option<Signer>,
    /// The certificates from the signer's to the anchor's, each signed by the next one; empty where no anchor was reached.
    pub chain: Vec<Signer>,
    /// Where the anchor was found ([`Anchor::source`](super::Anchor::source)); `None` if none was reached.
    pub anchor_source: Option<String>,
    /// The signed attribute signingTime, in seconds of Unix time: the time that the signer claims.
    pub signing_time: Option<i64>,
    /// The keys and algorithms that a kernel needs to verify this signature; for a UKI, to verify the kernel in it.
    pub needs: Needs,
    /// Whether a kernel would check this signature. It does not check detached signatures, nor those appended to a file that is no PE.
    pub kernel_looks: bool,
}

impl Evidence {
    /// Warnings about a valid signature. An expired certificate is only a warning: neither kernels nor the judgement use the clock.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_certificate_is_valid_from_its_first_to_its_last_second() {
        let mut signer = Signer::from(&Certificate::parse(&forge::signer_der()).unwrap());
        signer.validity = Validity { not_before: 1000, not_after: 2000 };
        let (early, late) = (vec![Caution::SignerNotYetValid.into()], vec![Caution::SignerExpired.into()]);
        let evidence = Evidence { signer: Some(signer), ..Evidence::default() };
        for (now, wanted) in
            [(0, &early), (999, &early), (1000, &vec![]), (1500, &vec![]), (2000, &vec![]), (2001, &late)]
        {
            let now = UNIX_EPOCH.checked_add(Duration::from_secs(now)).unwrap();
            assert_eq!(&evidence.warnings(now), wanted, "{now:?}");
            assert_eq!(Evidence::default().warnings(now), []);
        }
    }
}
