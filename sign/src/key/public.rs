//! The public key of a certificate whose private key is in a token: it says what the token must sign, and verifies what it signed.

use super::{digest_algorithm, rsa_padding};
use crate::failure::Failure;
use der::asn1::OctetString;
use der::{Encode, Sequence};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::RsaPublicKey;
use skexec::digest::Algorithm;
use x509_cert::spki::{AlgorithmIdentifierOwned, DecodePublicKey, SubjectPublicKeyInfoOwned};

/// A public key of a kind that kernels verify.
pub(crate) struct Public {
    info: SubjectPublicKeyInfoOwned,
    key: Key,
}

enum Key {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

/// RFC 8017, 9.2.
#[derive(Sequence)]
pub(crate) struct DigestInfo {
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) digest: OctetString,
}

impl Public {
    pub(crate) fn of_certificate(info: &SubjectPublicKeyInfoOwned) -> Result<Self, Failure> {
        let der = info.to_der()?;
        let key = RsaPublicKey::from_public_key_der(&der).map(Key::Rsa).ok();
        let key = key.or_else(|| p256::ecdsa::VerifyingKey::from_public_key_der(&der).map(Key::P256).ok());
        let key = key.or_else(|| p384::ecdsa::VerifyingKey::from_public_key_der(&der).map(Key::P384).ok());
        let key =
            key.ok_or_else(|| Failure::unsuitable("the certificate's key is neither RSA nor ECDSA P-256 or P-384"))?;
        Ok(Self { info: info.clone(), key })
    }

    pub(crate) const fn info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.info
    }

    pub(crate) const fn is_rsa(&self) -> bool {
        matches!(self.key, Key::Rsa(_))
    }

    /// What CKM_RSA_PKCS or CKM_ECDSA is given: the DigestInfo, or as much of the digest as the curve uses (FIPS 186-5, 6.4.1).
    pub(super) fn to_sign(&self, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let most = match self.key {
            Key::Rsa(_) => {
                let digest = OctetString::new(digest)?;
                return Ok(DigestInfo { algorithm: digest_algorithm(algorithm), digest }.to_der()?);
            }
            Key::P256(_) => 32,
            Key::P384(_) => 48,
        };
        Ok(digest.get(..most).unwrap_or(digest).to_vec())
    }

    /// The signature as certificates and messages hold it, if the key verifies it. A token returns the two numbers of ECDSA one
    /// after the other.
    pub(super) fn verified(&self, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Rsa(key) => {
                key.verify(rsa_padding(algorithm), digest, signature).ok()?;
                Some(signature.to_vec())
            }
            Key::P256(key) => {
                let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
                key.verify_prehash(digest, &signature).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            Key::P384(key) => {
                let signature = p384::ecdsa::Signature::from_slice(signature).ok()?;
                key.verify_prehash(digest, &signature).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}
