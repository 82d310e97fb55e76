//! A parsed X.509 certificate (RFC 5280), with the raw bytes that a verification needs.

use super::algorithm::{CertificateScheme, certificate_scheme};
use super::der::{self, Tlv};
use super::extensions::Extensions;
use super::signature::PublicKey;
use super::{name, oid, time, x509};
use crate::digest;
use crate::reason::{Finding, Reason};

/// A parsed certificate, whose issuer's signature is not verified.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    subject: Name,
    issuer: Name,
    serial: Vec<u8>,
    validity: Validity,
    key: PublicKey,
    key_sha256: [u8; 32],
    extensions: Extensions,
    scheme: CertificateScheme,
    signature: Vec<u8>,
}

/// A distinguished name: its raw bytes, and a text for people.
#[derive(Debug, Clone)]
struct Name {
    raw: Vec<u8>,
    text: String,
}

impl Name {
    fn read(name: Tlv<'_>) -> Self {
        Self { raw: name.value.to_vec(), text: name::text(name.raw) }
    }
}

/// notBefore and notAfter, both included (RFC 5280, 4.1.2.5), in seconds of Unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: i64,
    /// The last second.
    pub not_after: i64,
}

impl Validity {
    /// Whether the certificate is valid in this second.
    #[must_use]
    pub fn contains(self, second: i64) -> bool {
        (self.not_before..=self.not_after).contains(&second)
    }
}

impl Certificate {
    /// Parses one DER certificate with nothing after it. A certificate that the kernel cannot parse (`x509_cert_parse`) is refused.
    /// So is a self-signed certificate with a wrong signature, which the kernel adds to no keyring.
    ///
    /// # Errors
    /// `bag-cert`, `unsupported-algorithm` or `der`.
    pub fn parse(der: &[u8]) -> Result<Self, Finding> {
        der::check(der)?;
        let fields = x509::split(der).map_err(malformed)?;
        let algorithm = fields.algorithm.oid;
        let scheme = certificate_scheme(algorithm).ok_or_else(|| {
            let seen = format!("a certificate signed by {}", oid::dotted(algorithm));
            Finding::new(Reason::UnsupportedAlgorithm, seen)
        })?;
        let time = |time| time::seconds(time).ok_or_else(|| malformed("validity is malformed"));
        let certificate = Self {
            der: der.to_vec(),
            tbs: fields.tbs.to_vec(),
            subject: Name::read(fields.subject),
            issuer: Name::read(fields.issuer),
            serial: fields.serial.to_vec(),
            validity: Validity { not_before: time(fields.not_before)?, not_after: time(fields.not_after)? },
            key: PublicKey::parse(fields.key)?,
            key_sha256: digest::sha256(&[fields.key]),
            extensions: Extensions::parse(&fields.extensions).map_err(malformed)?,
            scheme,
            signature: fields.signature.to_vec(),
        };
        certificate.check_own_signature()?;
        Ok(certificate)
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The TBSCertificate, tag and length included.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        digest::sha256(&[&self.der])
    }

    /// The subject's distinguished name, for people, in the order in which it was written.
    #[must_use]
    pub fn subject(&self) -> String {
        self.subject.text.clone()
    }

    /// The issuer's distinguished name, for people.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.issuer.text.clone()
    }

    /// The content bytes of the subject's name.
    #[must_use]
    pub fn raw_subject(&self) -> &[u8] {
        &self.subject.raw
    }

    /// The content bytes of the issuer's name.
    #[must_use]
    pub fn raw_issuer(&self) -> &[u8] {
        &self.issuer.raw
    }

    /// The content bytes of the serial number.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The validity that the certificate states.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject's key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// SHA-256 of the SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), tag and length included.
    #[must_use]
    pub const fn key_sha256(&self) -> [u8; 32] {
        self.key_sha256
    }

    /// How the certificate was signed.
    #[must_use]
    pub const fn scheme(&self) -> CertificateScheme {
        self.scheme
    }

    /// Its extensions.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.subject_key_id.as_deref()
    }

    /// Whether the certificate has this issuer and serial number (RFC 5652, 10.2.4).
    #[must_use]
    pub fn is_named(&self, issuer: &[u8], serial: &[u8]) -> bool {
        self.issuer.raw == issuer && self.serial == serial
    }

    /// Whether it names itself as its issuer, by name and by key (the kernel's `x509_check_for_self_signed`). If so, its signature
    /// was verified during parsing, unless its algorithm is not supported.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.subject.raw == self.issuer.raw && self.names_itself().is_none_or(|(by_key, by_name)| by_key || by_name)
    }

    /// Whether authorityKeyIdentifier names this certificate itself, by key and by name; `None` if it names no certificate.
    fn names_itself(&self) -> Option<(bool, bool)> {
        let authority = self.extensions.authority_key_id.as_ref()?;
        let by_key = authority.key_id.as_deref().map(|id| self.subject_key_id() == Some(id));
        let by_name = authority.issuer_and_serial.as_ref().map(|(issuer, serial)| self.is_named(issuer, serial));
        (by_key.is_some() || by_name.is_some()).then(|| (by_key.unwrap_or_default(), by_name.unwrap_or_default()))
    }

    /// Verifies this certificate's signature with the issuer's key.
    ///
    /// # Errors
    /// `cert-signature`, `weak-digest`, `weak-key` or `unsupported-algorithm`.
    pub fn verify_signed_by(&self, issuer: &Self) -> Result<(), Finding> {
        match self.scheme {
            CertificateScheme::Weak(name) => {
                Err(Finding::new(Reason::WeakDigest, format!("{} is signed with {name}", self.subject.text)))
            }
            CertificateScheme::Usable(_) => {
                issuer.key.check_strength().map_err(|finding| about(finding, &issuer.subject.text))?;
                self.matches_key_of(issuer)
                    .map_err(|what| Finding::new(Reason::CertSignature, format!("{}: {what}", self.subject.text)))
            }
        }
    }

    /// The same, with keys of any strength. A signature over a weak digest cannot be verified here and counts as valid.
    pub(super) fn matches_key_of(&self, issuer: &Self) -> Result<(), &'static str> {
        match self.scheme {
            CertificateScheme::Weak(_) => Ok(()),
            CertificateScheme::Usable(scheme) => {
                let digest = scheme.digest.digest(&[&self.tbs]);
                issuer.key.verify(scheme, &digest.value, &self.signature)
            }
        }
    }

    fn check_own_signature(&self) -> Result<(), Finding> {
        let both_said = self
            .extensions
            .authority_key_id
            .as_ref()
            .is_some_and(|authority| authority.key_id.is_some() && authority.issuer_and_serial.is_some());
        match (self.is_self_signed(), self.names_itself()) {
            (false, _) => Ok(()),
            (true, Some((by_key, by_name))) if both_said && by_key != by_name => {
                Err(malformed("authorityKeyIdentifier contradicts itself"))
            }
            (true, _) => self.matches_key_of(self).map_err(|what| malformed(format!("self-signed, but {what}"))),
        }
    }
}

fn malformed(what: impl Into<String>) -> Finding {
    Finding::new(Reason::BagCertificate, what)
}

fn about(finding: Finding, subject: &str) -> Finding {
    Finding::new(finding.reason, format!("{subject}: {}", finding.detail))
}
