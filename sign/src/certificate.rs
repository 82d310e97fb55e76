//! Certificates that go into a signature.

use crate::failure::Failure;
use der::{Decode, Document, Encode};
use std::fs;
use std::path::Path;

/// A certificate, as CMS needs it and as the loader reads it.
pub(crate) struct Certificate {
    pub(crate) parsed: x509_cert::Certificate,
    pub(crate) loader: skexec::trust::cert::Certificate,
}

impl Certificate {
    /// Reads one certificate, PEM or DER.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
        let about = |what: &str| Failure::unsuitable(format!("{}: {what}", path.display()));
        let der = match std::str::from_utf8(&bytes) {
            Ok(text) if text.contains("-----BEGIN ") => from_pem(text).map_err(about)?,
            _ => bytes,
        };
        Self::from_der(&der).map_err(|what| about(&what))
    }

    /// Parses a certificate twice: a signature must carry exactly these bytes, and the loader must be able to read them.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, String> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(|error| format!("no certificate: {error}"))?;
        if parsed.to_der().ok().as_deref() != Some(der) {
            return Err("the certificate is not strict DER, and its signature would break".to_owned());
        }
        let loader = skexec::trust::cert::Certificate::parse(der).map_err(|finding| finding.to_string())?;
        Ok(Self { parsed, loader })
    }
}

fn from_pem(text: &str) -> Result<Vec<u8>, &'static str> {
    if text.matches("-----BEGIN ").count() != 1 {
        return Err("the file has more than one PEM block; give each certificate in a file of its own, with --chain");
    }
    match Document::from_pem(text) {
        Ok(("CERTIFICATE", document)) => Ok(document.into_vec()),
        Ok(_) => Err("the PEM block is no CERTIFICATE"),
        Err(_) => Err("the PEM block is malformed"),
    }
}
