//! Private keys that sign. The crates that hold them overwrite them in memory when they are dropped.

mod pem;
mod public;
mod token;
mod uri;

use crate::args::{KeyAlgorithm, KeyName, SignerArgs};
use crate::failure::Failure;
use der::Any;
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashSigner;
pub(crate) use public::DigestInfo;
use rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha2::{Sha256, Sha384, Sha512};
use skexec::digest::Algorithm;
use token::Token;
pub(crate) use uri::Uri;
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
    Token(Box<Token>),
}

impl PrivateKey {
    /// Reads the key from its file, or finds it in its token. `public` is the key of the certificate.
    pub(crate) fn of(args: &SignerArgs, public: &SubjectPublicKeyInfoOwned) -> Result<Self, Failure> {
        let passphrase = args.passphrase_file.as_deref();
        match &args.key {
            KeyName::File(path) => Self::read(path, passphrase),
            KeyName::Token(uri) => {
                let token = Token::open(uri, args.pkcs11_module.as_deref(), passphrase, public)?;
                Ok(Self::Token(Box::new(token)))
            }
        }
    }

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
            Self::Token(token) => return Ok(token.public().info().clone()),
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
            Self::Token(token) => return token.sign(algorithm, &digest),
        };
        signed.map_err(|error| Failure::failed(format!("the key cannot sign: {error}")))
    }

    fn is_rsa(&self) -> bool {
        match self {
            Self::Rsa(_) => true,
            Self::P256(_) | Self::P384(_) => false,
            Self::Token(token) => token.public().is_rsa(),
        }
    }

    /// signatureAlgorithm of a SignerInfo.
    pub(crate) fn message_algorithm(&self, algorithm: Algorithm) -> AlgorithmIdentifierOwned {
        if self.is_rsa() { with_null(RSA) } else { with_ecdsa(algorithm) }
    }

    /// signatureAlgorithm of a certificate.
    pub(crate) fn certificate_algorithm(&self, algorithm: Algorithm) -> AlgorithmIdentifierOwned {
        if !self.is_rsa() {
            return with_ecdsa(algorithm);
        }
        with_null(ObjectIdentifier::new_unwrap(match algorithm {
            Algorithm::Sha256 => "1.2.840.113549.1.1.11",
            Algorithm::Sha384 => "1.2.840.113549.1.1.12",
            Algorithm::Sha512 => "1.2.840.113549.1.1.13",
        }))
    }
}

fn sign_rsa(key: &RsaPrivateKey, algorithm: Algorithm, digest: &[u8]) -> Result<Vec<u8>, Failure> {
    key.sign_with_rng(&mut OsRng, rsa_padding(algorithm), digest)
        .map_err(|error| Failure::failed(format!("the key cannot sign: {error}")))
}

/// PKCS#1 v1.5 (RFC 8017, 8.2).
fn rsa_padding(algorithm: Algorithm) -> Pkcs1v15Sign {
    match algorithm {
        Algorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        Algorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        Algorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    }
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
