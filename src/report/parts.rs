//! The objects within a report's JSON.

use crate::digest::Digest;
use crate::hex;
use crate::trust::{Anchor, Evidence, Signer, rfc3339};
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(super) struct DigestReport {
    pub(super) algorithm: &'static str,
    pub(super) value: String,
}

impl From<&Digest> for DigestReport {
    fn from(digest: &Digest) -> Self {
        Self { algorithm: digest.algorithm.name(), value: hex::encode(&digest.value) }
    }
}

/// A certificate: the signer's, or one of the chain.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CertificateReport {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) sha256: String,
    pub(super) key_sha256: String,
    /// In hexadecimal.
    pub(super) serial: String,
    /// The first and the last second (RFC 3339, UTC); nothing where it is past the year 9999.
    pub(super) not_before: Option<String>,
    pub(super) not_after: Option<String>,
}

impl From<&Signer> for CertificateReport {
    fn from(signer: &Signer) -> Self {
        Self {
            subject: signer.subject.clone(),
            issuer: signer.issuer.clone(),
            sha256: hex::encode(&signer.sha256),
            key_sha256: hex::encode(&signer.key.sha256),
            serial: hex::encode(&signer.serial),
            not_before: rfc3339(signer.validity.not_before),
            not_after: rfc3339(signer.validity.not_after),
        }
    }
}

/// The trusted certificate that the chain ended at.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnchorReport {
    pub(crate) subject: String,
    pub(crate) sha256: String,
    /// The file that it was read from, or the EFI variable: `db`, `MokListRT`.
    pub(crate) origin: String,
}

impl From<&Anchor> for AnchorReport {
    fn from(anchor: &Anchor) -> Self {
        let (subject, sha256) = (anchor.certificate.subject(), hex::encode(&anchor.certificate.sha256()));
        Self { subject, sha256, origin: anchor.source.clone() }
    }
}

impl AnchorReport {
    /// What it is, and where it comes from.
    pub(crate) fn named(&self) -> String {
        format!("{} (from {})", self.subject, self.place())
    }

    pub(crate) fn of(evidence: &Evidence) -> Option<Self> {
        let (anchor, origin) = evidence.chain.last().zip(evidence.anchor_source.clone())?;
        Some(Self { subject: anchor.subject.clone(), sha256: hex::encode(&anchor.sha256), origin })
    }

    /// Where it comes from. A file's path always has a slash.
    pub(crate) fn place(&self) -> String {
        match self.origin.as_str() {
            "db" => "the firmware's db".to_owned(),
            list if list.starts_with("MokListRT") => format!("shim's {list}"),
            path => path.to_owned(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct KernelReport {
    pub(super) errno: Option<i32>,
    pub(super) name: Option<&'static str>,
    pub(super) hazard: Option<&'static str>,
}
