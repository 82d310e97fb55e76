//! The judgement: an allegation goes in, a proof or the named reasons against it come out.

use super::authenticode::{image_digest, image_sha256, signatures};
use super::cert::{Certificate, Validity};
use super::digest::{Algorithm, Digest};
use super::kernel::{self, Prediction};
use super::pkcs7::{Profile, SignedData};
use super::{Trust, chain, sbat, spc};
use crate::image::pe::Pe;
use crate::reason::{Finding, Reason, Warning};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The distinguished name of the certificate.
    pub subject: String,
    /// The distinguished name of its issuer.
    pub issuer: String,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
}

impl From<&Certificate> for Signer {
    fn from(certificate: &Certificate) -> Self {
        Self { subject: certificate.subject(), issuer: certificate.issuer(), sha256: certificate.sha256() }
    }
}

/// Proof that an anchor vouches for exactly the subject's bytes, and that nothing revokes them.
///
/// Only [`judge`] makes one:
///
/// ```compile_fail
/// let forged = skexec::trust::Verified { subject: b"kernel", signer: todo!() };
/// ```
#[derive(Debug)]
pub struct Verified<T> {
    subject: T,
    signer: Signer,
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

    /// What was signed, and by whom.
    #[must_use]
    pub fn into_parts(self) -> (T, Signer) {
        (self.subject, self.signer)
    }
}

/// What was not proved, and why not.
#[derive(Debug)]
pub struct Refused<T> {
    /// What was looked at.
    pub subject: T,
    /// At least one, the most telling first.
    pub findings: Vec<Finding>,
}

/// What was seen on the way, whatever the outcome.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The image digest by the signature's algorithm, or SHA-256 where there is none.
    pub digest: Option<Digest>,
    /// The certificate that the signature names; an allegation unless the outcome is a proof.
    pub signer: Option<Signer>,
    /// When the signer's certificate is valid.
    pub validity: Option<Validity>,
    /// Key identifiers of all certificates that the signature carries or leads to, and of their issuers: a kernel that
    /// holds none of these keys cannot accept it. Empty where that cannot be said.
    pub key_ids: Vec<Vec<u8>>,
    /// What the reference kernel would say.
    pub kernel: Prediction,
}

impl Evidence {
    /// What to know of a signature that is good: kernels do not look at the clock, and neither does a judgement.
    #[must_use]
    pub fn warnings(&self, now: SystemTime) -> Vec<Warning> {
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        match (self.validity, now) {
            (Some(validity), Some(now)) if now > validity.not_after => {
                vec![Warning::new("signer-expired", "the signer's certificate has expired; kernels do not mind")]
            }
            (Some(validity), Some(now)) if now < validity.not_before => {
                vec![Warning::new(
                    "signer-not-yet-valid",
                    "the signer's certificate is not valid yet, by this machine's clock",
                )]
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

/// Judges a file by the signature that is embedded in it.
pub fn judge<T: AsRef<[u8]>>(subject: T, trust: &Trust) -> Judgement<T> {
    let bytes = subject.as_ref();
    let mut evidence = Evidence {
        digest: None,
        signer: None,
        validity: None,
        key_ids: Vec::new(),
        kernel: kernel::predict(bytes, trust),
    };
    let mut findings = trust.unreadable.clone();
    let signer = embedded(bytes, trust, &mut evidence, &mut findings);
    if evidence.kernel.hazard.is_some() {
        findings.push(Reason::Hazard.into());
    }
    let outcome = match signer {
        Some(signer) if findings.is_empty() => Ok(Verified { subject, signer }),
        _ => Err(Refused { subject, findings }),
    };
    Judgement { outcome, evidence }
}

/// The signer, when all of it holds; else at least one finding more.
fn embedded(bytes: &[u8], trust: &Trust, evidence: &mut Evidence, findings: &mut Vec<Finding>) -> Option<Signer> {
    if !Pe::claimed_by(bytes) {
        findings.push(Finding::new(Reason::Unsigned, "it is no PE, and only a PE carries a signature"));
        return None;
    }
    let pe = match Pe::parse(bytes).and_then(|pe| pe.check_coverage().map(|()| pe)) {
        Ok(pe) => pe,
        Err(finding) => {
            findings.push(finding);
            return None;
        }
    };
    let sha256 = image_sha256(bytes, &pe);
    evidence.digest = Some(Digest { algorithm: Algorithm::Sha256, value: sha256.to_vec() });
    let signer = signature(bytes, &pe, trust, evidence, findings);
    findings.extend(trust.revocations.check_image(&sha256).err());
    findings.extend(sbat::check(&pe, bytes, trust.sbat_level.as_ref()).err());
    signer
}

fn signature(
    bytes: &[u8],
    pe: &Pe,
    trust: &Trust,
    evidence: &mut Evidence,
    findings: &mut Vec<Finding>,
) -> Option<Signer> {
    let mut note = |finding| {
        findings.push(finding);
        None
    };
    let Some(table) = pe.certificate_table.clone().and_then(|table| bytes.get(table)) else {
        return note(Reason::Unsigned.into());
    };
    let bodies = match signatures(table) {
        Ok(bodies) => bodies,
        Err(finding) => return note(finding),
    };
    // As in the kernel, the first signature decides; a later one can spoil the image but not save it.
    let Some((first, others)) = bodies.split_first() else {
        return note(Reason::Unsigned.into());
    };
    let message = match SignedData::parse(Profile::Authenticode, first) {
        Ok(message) => message,
        Err(finding) => return note(finding),
    };
    let alleged = match spc::parse(message.content.unwrap_or_default()) {
        Ok(alleged) => alleged,
        Err(finding) => return note(finding),
    };
    let digest = image_digest(bytes, pe, alleged.algorithm);
    if let Some(certificate) = message.signer_certificate() {
        evidence.signer = Some(certificate.into());
        evidence.validity = Some(certificate.validity());
    }
    let mut against = Vec::new();
    if digest != alleged {
        against.push(Finding::new(Reason::DigestMismatch, format!("signed was {alleged}, the file has {digest}")));
    }
    evidence.digest = Some(digest);
    let path = chain::verify(&message, message.content.unwrap_or_default(), &trust.anchors);
    let bag = message.certificates.iter();
    evidence.key_ids = key_ids(bag.chain(path.iter().flat_map(chain::Path::certificates)));
    let signer = match &path {
        Ok(path) => {
            against.extend(trust.revocations.check_path(path.certificates()).err());
            path.certificates().first().map(Signer::from)
        }
        Err(findings) => {
            against.extend(findings.iter().cloned());
            // Without a path nothing vouches for the signer; a waiver must not reach past a revocation all the same.
            against.extend(trust.revocations.check_path(&message.certificates).err());
            None
        }
    };
    against.extend(others.iter().find_map(|body| second(bytes, pe, body).err()));
    findings.append(&mut against);
    signer
}

/// The identifiers of these certificates' keys and of their issuers' keys; none at all where one is not named so.
fn key_ids<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    for certificate in certificates {
        let authority =
            certificate.extensions().authority_key_id.as_ref().and_then(|authority| authority.key_id.clone());
        match (certificate.subject_key_id(), authority) {
            (Some(own), None) if certificate.is_self_signed() => ids.push(own.to_vec()),
            (Some(own), Some(issuer)) => ids.extend([own.to_vec(), issuer]),
            _ => return Vec::new(),
        }
    }
    ids
}

/// A further signature must be one, and about this image.
fn second(bytes: &[u8], pe: &Pe, body: &[u8]) -> Result<(), Finding> {
    let spoiled = |finding: Finding| Finding::new(Reason::SecondWinCert, finding.to_string());
    let message = SignedData::parse(Profile::Authenticode, body).map_err(spoiled)?;
    let alleged = spc::parse(message.content.unwrap_or_default()).map_err(spoiled)?;
    if image_digest(bytes, pe, alleged.algorithm) == alleged {
        Ok(())
    } else {
        Err(Finding::new(Reason::SecondWinCert, "it speaks of another image"))
    }
}
