//! Keys and signatures, and the check of one by the other (`crypto/asymmetric_keys/public_key.c`).

use super::ecdsa::{self, Curve};
use super::errno::Errno;
use super::hash::Hash;
use super::rsa;

/// How certificates and keys are found: two values one after the other, with nothing between them
/// (`asymmetric_type.c:asymmetric_key_generate_id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) Vec<u8>);

impl KeyId {
    pub(super) fn new(one: &[u8], two: &[u8]) -> Self {
        Self([one, two].concat())
    }
}

/// The algorithm that a signature names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Rsa,
    Ecdsa,
    /// A module in Debian's configuration (`CRYPTO_ECRDSA=m`), taken as absent.
    Ecrdsa,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    Ec(Curve),
    Ecrdsa,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PublicKey<'a> {
    pub(super) kind: KeyKind,
    /// The content of `subjectPublicKey`.
    pub(super) bytes: &'a [u8],
}

#[derive(Debug, Clone)]
pub(super) struct Signature<'a> {
    pub(super) scheme: Scheme,
    pub(super) hash: Hash,
    pub(super) value: &'a [u8],
    /// The digest of the signed data; `None` if the kernel lacks the hash.
    pub(super) digest: Option<Vec<u8>>,
}

/// `public_key.c:public_key_verify_signature`.
pub(super) fn public_key_verify_signature(key: &PublicKey<'_>, signature: &Signature<'_>) -> Result<(), Errno> {
    let digest = signature.digest.as_deref().unwrap_or_default();
    match (key.kind, signature.scheme) {
        (KeyKind::Rsa, Scheme::Rsa) => rsa::pkcs1pad_verify(key.bytes, signature.hash, signature.value, digest),
        (KeyKind::Ec(curve), Scheme::Ecdsa) => ecdsa::ecdsa_verify(curve, key.bytes, signature.value, digest),
        // Only its own hash functions go with it; the transform itself is not there.
        (KeyKind::Ecrdsa, Scheme::Ecrdsa) if signature.hash == Hash::Streebog => Err(Errno::Noent),
        (KeyKind::Ecrdsa, Scheme::Ecrdsa) => Err(Errno::Inval),
        _ => Err(Errno::Keyrejected),
    }
}
