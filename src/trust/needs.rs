//! The keys and algorithms that a kernel needs to verify a signature.

use super::algorithm::CertificateScheme;
use super::authenticode::Embedded;
use super::cert::Certificate;
use super::chain::{self, Path};
use super::pkcs7::SignedData;
use super::store::Anchor;
use crate::digest::{Algorithm, Hashed};
use crate::image::Parsed;

/// The requirements for a kernel to verify a signature: one of these keys, and all of these algorithms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The key identifiers of all certificates that the signature carries or leads to, and of their issuers. A kernel that holds none
    /// of these keys cannot accept the signature. Empty if a certificate does not have its identifiers.
    pub key_ids: Vec<Vec<u8>>,
    /// The crypto API's names of the algorithms: `sha256`, `rsa`, `ecdsa-nist-p256`.
    pub algorithms: Vec<&'static str>,
}

impl Needs {
    /// The requirements of the signature in a PE's certificate table, the only one that a kernel checks. Empty if there is no
    /// signature that can be parsed.
    #[must_use]
    pub fn of_embedded<B: AsRef<[u8]>>(file: &Parsed<B>, anchors: &[Anchor]) -> Self {
        let Some(Ok(pe)) = file.pe() else { return Self::default() };
        let Ok(embedded) = Embedded::parse(file.bytes(), pe) else { return Self::default() };
        let path = chain::verify(&embedded.message, &Hashed::new(embedded.content), anchors).ok();
        Self::new(&embedded.message, Some(embedded.signed.algorithm), path.as_ref())
    }

    /// The requirements of a message that signs an image digest by this algorithm; with a `path` if the message leads to an anchor.
    pub(super) fn new(message: &SignedData<'_>, image: Option<Algorithm>, path: Option<&Path>) -> Self {
        let on_path = path.map(Path::certificates);
        Self {
            algorithms: algorithms(message, image, on_path.unwrap_or(&message.certificates)),
            key_ids: key_ids(message.certificates.iter().chain(on_path.unwrap_or_default())),
        }
    }
}

/// The algorithms for the message and for the path to the anchor. The last certificate's own signature is never verified.
fn algorithms(message: &SignedData<'_>, image: Option<Algorithm>, path: &[Certificate]) -> Vec<&'static str> {
    let own = [Some(message.signer.scheme.digest.name()), image.map(Algorithm::name)];
    let keys = path.iter().map(|certificate| Some(certificate.public_key().kernel_name()));
    let below = path.split_last().map(|(_, below)| below).unwrap_or_default();
    let signed = below.iter().map(|certificate| match certificate.scheme() {
        CertificateScheme::Usable(scheme) => Some(scheme.digest.name()),
        CertificateScheme::Weak(_) => None,
    });
    let mut names: Vec<_> = own.into_iter().chain(keys).chain(signed).flatten().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The identifiers of these certificates' keys and of their issuers' keys; empty if one of them has no identifier.
fn key_ids<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    for certificate in certificates {
        let authority = certificate.extensions().authority_key_id.as_ref();
        match (certificate.subject_key_id(), authority.and_then(|authority| authority.key_id.clone())) {
            (Some(own), None) if certificate.is_self_signed() => ids.push(own.to_vec()),
            (Some(own), Some(issuer)) => ids.extend([own.to_vec(), issuer]),
            _ => return Vec::new(),
        }
    }
    ids
}
