//! The objects within a report's JSON.

use crate::authorize::Binding;
use crate::digest::Digest;
use crate::hex;
use crate::image::manifest::Bound;
use crate::trust::{Evidence, Signer, rfc3339};
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
pub(super) struct AnchorReport {
    pub(super) subject: String,
    pub(super) sha256: String,
    /// The file that it was read from, or the EFI variable: `db`, `MokListRT`.
    pub(super) origin: String,
}

impl AnchorReport {
    pub(super) fn of(evidence: &Evidence) -> Option<Self> {
        let (anchor, origin) = evidence.chain.last().zip(evidence.anchor_source.clone())?;
        Some(Self { subject: anchor.subject.clone(), sha256: hex::encode(&anchor.sha256), origin })
    }

    /// Where it comes from. A file's path always has a slash.
    pub(super) fn place(&self) -> String {
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

/// What a signed manifest binds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ManifestReport {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) kernel: BoundReport,
    pub(super) initrds: Vec<BoundReport>,
    pub(super) cmdline: String,
    pub(super) vary: Vec<VaryReport>,
}

/// A parameter that may vary.
#[derive(Debug, Clone, Serialize)]
pub(super) struct VaryReport {
    pub(super) parameter: String,
    pub(super) patterns: Vec<String>,
}

/// A file that a manifest binds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BoundReport {
    pub(super) sha256: String,
    pub(super) size: u64,
    pub(super) file: Option<String>,
}

impl ManifestReport {
    pub(super) fn of(binding: &Binding) -> Self {
        let manifest = binding.manifest();
        let varies = |(name, patterns): (&str, Vec<&str>)| VaryReport {
            parameter: name.into(),
            patterns: patterns.into_iter().map(Into::into).collect(),
        };
        Self {
            path: binding.path().display().to_string(),
            name: manifest.name().into(),
            version: manifest.version(),
            kernel: manifest.kernel().into(),
            initrds: manifest.initrds().iter().map(Into::into).collect(),
            cmdline: manifest.cmdline().as_str().into(),
            vary: manifest.vary().map(varies).collect(),
        }
    }
}

impl From<&Bound> for BoundReport {
    fn from(bound: &Bound) -> Self {
        Self { sha256: hex::encode(&bound.sha256), size: bound.size, file: bound.file.clone() }
    }
}
