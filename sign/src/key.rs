//! Private keys that sign. The crates that hold them overwrite them in memory when they are dropped.

mod pem;

use crate::args::KeyAlgorithm;
use crate::failure::Failure;
use der::Any;
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha2::{Sha256, Sha384, Sha512};
use skexec::digest::Algorithm;
use x509_cert::spki::{AlgorithmIdentifierOwned, EncodePublicKey, SubjectPublicKeyInfoOwned};

/// Bits of RSA keys that kernels and skexec accept.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// rsaEncryption (RFC 8017, C): names the keys; in a SignerInfo also the signature, and the kernel accepts no other name there
/// (`pkcs7_parser.c:pkcs7_sig_note_pkey_algo`).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A key that kernels can verify.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
}

impl PrivateKey {
    /// A new key, from the system's random numbers.
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Self, Failure> {
        let rsa = |bits| {
            RsaPrivateKey::new(&mut OsRng, bits)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| Failure::failed(format!("cannot make an RSA key: {error}")))
        };
        match algorithm {
            KeyAlgorithm::Rsa3072 => rsa(3072),
            KeyAlgorithm::Rsa4096 => rsa(4096),
            KeyAlgorithm::P256 => Ok(Self::P256(p256::SecretKey::random(&mut OsRng))),
            KeyAlgorithm::P384 => Ok(Self::P384(p384::SecretKey::random(&mut OsRng))),
        }
    }

    /// A key of RSA, if its size is one that kernels verify.
    fn of_rsa(key: RsaPrivateKey) -> Result<Self, Failure> {
        let bits = key.n().bits();
        if RSA_BITS.contains(&bits) {
            return Ok(Self::Rsa(Box::new(key)));
        }
        let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
        Err(Failure::unsuitable(format!("the RSA key has {bits} bits; {least} to {most} bits are supported")))
    }

    /// The public key, as it stands in a certificate.
    pub(crate) fn public(&self) -> Result<SubjectPublicKeyInfoOwned, Failure> {
        let document = match self {
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
            Self::P256(key) => key.public_key().to_public_key_der(),
            Self::P384(key) => key.public_key().to_public_key_der(),
        };
        let document = document.map_err(|error| Failure::failed(format!("cannot encode the public key: {error}")))?;
        Ok(document.decode_msg()?)
    }

    /// Signs the message's digest: RSA by PKCS#1 v1.5 with blinding, ECDSA with the nonce of RFC 6979.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let digest = algorithm.digest(&[message]).value;
        let signed = match self {
            Self::Rsa(key) => return sign_rsa(key, algorithm, &digest),
            Self::P256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> =
                    p256::ecdsa::SigningKey::from(key).sign_prehash(&digest);
                signature.map(|signature| signature.to_der().as_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: Result<p384::ecdsa::Signature, _> =
                    p384::ecdsa::SigningKey::from(key).sign_prehash(&digest);
                signature.map(|signature| signature.to_der().as_bytes().to_vec())
            }
        };
        signed.map_err(|error| Failure::failed(format!("the key cannot sign: {error}")))
    }

    /// signatureAlgorithm of a SignerInfo.
    pub(crate) fn message_algorithm(&self, algorithm: Algorithm) -> AlgorithmIdentifierOwned {
        match self {
            Self::Rsa(_) => with_null(RSA),
            Self::P256(_) | Self::P384(_) => with_ecdsa(algorithm),
        }
    }

    /// signatureAlgorithm of a certificate.
    pub(crate) fn certificate_algorithm(&self, algorithm: Algorithm) -> AlgorithmIdentifierOwned {
        match self {
            Self::Rsa(_) => with_null(ObjectIdentifier::new_unwrap(match algorithm {
                Algorithm::Sha256 => "1.2.840.113549.1.1.11",
                Algorithm::Sha384 => "1.2.840.113549.1.1.12",
                Algorithm::Sha512 => "1.2.840.113549.1.1.13",
            })),
            Self::P256(_) | Self::P384(_) => with_ecdsa(algorithm),
        }
    }
}

fn sign_rsa(key: &RsaPrivateKey, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Failure> {
    let padding = match algorithm {
        Algorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        Algorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        Algorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    };
    key.sign_with_rng(&mut OsRng, padding, digest)
        .map_err(|error| Failure::failed(format!("the key cannot sign: {error}")))
}

/// The identifier of a digest algorithm, with the NULL that PKCS#7 signers write.
pub(crate) fn digest_algorithm(algorithm: Algorithm) -> AlgorithmIdentifierOwned {
    with_null(ObjectIdentifier::new_unwrap(match algorithm {
        Algorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
        Algorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
        Algorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
    }))
}

/// RFC 5758, 3.2: without parameters.
fn with_ecdsa(algorithm: Algorithm) -> AlgorithmIdentifierOwned {
    let oid = ObjectIdentifier::new_unwrap(match algorithm {
        Algorithm::Sha256 => "1.2.840.10045.4.3.2",
        Algorithm::Sha384 => "1.2.840.10045.4.3.3",
        Algorithm::Sha512 => "1.2.840.10045.4.3.4",
    });
    AlgorithmIdentifierOwned { oid, parameters: None }
}

fn with_null(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) }
}
