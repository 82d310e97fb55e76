//! Public keys, and the two kinds of signature that kernels verify: RSASSA-PKCS1-v1_5 and ECDSA.

use super::algorithm::{Family, Identifier, Scheme};
use super::der::{self, Cursor, INTEGER, OID, SEQUENCE};
use super::oid;
use crate::digest::Algorithm;
use crate::hex;
use crate::reason::{Finding, Reason};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};

/// The smallest and the largest accepted modulus, in bits. The kernel accepts some smaller ones.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The lengths in bytes within these limits that the kernel accepts (`rsa_check_key_length`).
const RSA_BYTES: [usize; 3] = [256, 384, 512];
const LEAST_EXPONENT: u64 = 65537;

/// The curves of FIPS 186 that the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Bytes of a coordinate, and of a scalar.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A public key. [`PublicKey::check_strength`] says whether it is strong enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSAPublicKey (RFC 8017, A.1.1), without leading zeros.
    Rsa {
        /// n
        modulus: Vec<u8>,
        /// e
        exponent: Vec<u8>,
    },
    /// A point on a named curve (RFC 5480, 2.2).
    Ec {
        /// The curve.
        curve: Curve,
        /// The encoded point (SEC 1, 2.3.3); whether it is valid and lies on the curve was not checked.
        point: Vec<u8>,
    },
}

impl PublicKey {
    /// Parses subjectPublicKeyInfo (RFC 5280, 4.1.2.7), as the kernel's `x509_extract_key_data` does.
    ///
    /// # Errors
    /// `unsupported-algorithm` for another kind of key, `bag-cert` for a malformed one.
    pub fn parse(info: &[u8]) -> Result<Self, Finding> {
        let malformed = || Finding::new(Reason::BagCertificate, "malformed public key");
        let mut fields = der::sole(info, SEQUENCE).map(|info| Cursor::new(info.value)).ok_or_else(malformed)?;
        let algorithm = Identifier::take(&mut fields).ok_or_else(malformed)?;
        // The first byte of a BIT STRING is the number of unused bits, which is zero because a key has whole bytes.
        let bits = fields.take(der::BIT_STRING).and_then(|bits| bits.value.strip_prefix(&[0])).ok_or_else(malformed)?;
        if !fields.is_empty() {
            return Err(malformed());
        }
        match algorithm.oid {
            oid::RSA => Self::rsa(bits).ok_or_else(malformed),
            // Only a named curve is accepted: CVE-2020-0601 used explicit parameters to substitute another curve.
            oid::EC_PUBLIC_KEY => {
                let name = algorithm.parameters.filter(|name| name.tag == OID).map(|name| name.value);
                Ok(Self::Ec { curve: curve(name.unwrap_or_default())?, point: bits.to_vec() })
            }
            other => Err(unsupported(format!("a public key of kind {}", oid::dotted(other)))),
        }
    }

    fn rsa(bits: &[u8]) -> Option<Self> {
        der::check(bits).ok()?;
        let mut key = Cursor::new(der::sole(bits, SEQUENCE)?.value);
        let modulus = positive(key.take(INTEGER)?.value)?.to_vec();
        let exponent = positive(key.take(INTEGER)?.value)?.to_vec();
        key.is_empty().then_some(Self::Rsa { modulus, exponent })
    }

    /// A name for people: `RSA-2048`, `P-256`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Rsa { .. } => format!("RSA-{}", self.bits()),
            Self::Ec { .. } => format!("P-{}", self.bits()),
        }
    }

    /// The size in bits: of the modulus, or of the curve's field.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => bit_length(modulus),
            Self::Ec { curve: Curve::P256, .. } => 256,
            Self::Ec { curve: Curve::P384, .. } => 384,
            Self::Ec { curve: Curve::P521, .. } => 521,
        }
    }

    /// The crypto API's name of the algorithm that verifies its signatures.
    #[must_use]
    pub const fn kernel_name(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsa",
            Self::Ec { curve: Curve::P256, .. } => "ecdsa-nist-p256",
            Self::Ec { curve: Curve::P384, .. } => "ecdsa-nist-p384",
            Self::Ec { curve: Curve::P521, .. } => "ecdsa-nist-p521",
        }
    }

    /// Whether the key is strong enough for its signatures to count.
    ///
    /// # Errors
    /// `weak-key`; `unsupported-algorithm` for a key that is larger than the kernel takes.
    pub fn check_strength(&self) -> Result<(), Finding> {
        let (modulus, exponent) = match self {
            Self::Rsa { modulus, exponent } => (modulus, exponent),
            Self::Ec { point, .. } if matches!(point.first(), Some(2 | 3)) => {
                return Err(unsupported("a compressed point".to_owned()));
            }
            Self::Ec { .. } => return Ok(()),
        };
        let bits = bit_length(modulus);
        if bits > *RSA_BITS.end() {
            return Err(unsupported(format!("RSA with {bits} bits")));
        }
        let value = exponent.iter().try_fold(0_u64, |value, byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(u64::from(*byte)))
        });
        match value {
            _ if !RSA_BITS.contains(&bits) => Err(weak(format!("RSA with {bits} bits"))),
            _ if modulus.last().is_none_or(|last| last & 1 == 0) => Err(weak("RSA with an even modulus".to_owned())),
            _ if !RSA_BYTES.contains(&modulus.len()) => Err(unsupported(format!("RSA with {bits} bits"))),
            Some(e) if e < LEAST_EXPONENT || e & 1 == 0 => Err(weak(format!("RSA with exponent {e}"))),
            Some(e) if e > RsaPublicKey::MAX_PUB_EXPONENT => Err(unsupported(format!("RSA with exponent {e}"))),
            None => Err(unsupported(format!("RSA with exponent {}", hex::encode(exponent)))),
            Some(_) => Ok(()),
        }
    }

    /// Verifies a signature over a digest.
    ///
    /// # Errors
    /// Why the signature is not valid.
    pub fn verify(&self, scheme: Scheme, digest: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        match (self, scheme.family) {
            (Self::Rsa { modulus, exponent }, Family::Rsa) => {
                verify_rsa(modulus, exponent, scheme.digest, digest, signature)
            }
            (Self::Ec { curve, point }, Family::Ecdsa) => verify_ecdsa(*curve, point, digest, signature),
            _ => Err("the key is of another kind than the signature"),
        }
    }
}

fn curve(name: &[u8]) -> Result<Curve, Finding> {
    match name {
        oid::P256 => Ok(Curve::P256),
        oid::P384 => Ok(Curve::P384),
        oid::P521 => Ok(Curve::P521),
        [] => Err(unsupported("an elliptic curve without a name".to_owned())),
        other => Err(unsupported(format!("elliptic curve {}", oid::dotted(other)))),
    }
}

fn weak(what: String) -> Finding {
    Finding::new(Reason::WeakKey, what)
}

fn unsupported(what: String) -> Finding {
    Finding::new(Reason::UnsupportedAlgorithm, what)
}

/// The digits of a DER INTEGER that is greater than zero, without the byte that keeps it positive.
fn positive(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [] | [0] | [0x80..=0xff, ..] => None,
        [0, digits @ ..] | digits => Some(digits),
    }
}

fn bit_length(digits: &[u8]) -> usize {
    let first = digits.first().map_or(0, |first| usize::try_from(first.leading_zeros()).unwrap_or_default());
    digits.len().saturating_mul(8).saturating_sub(first)
}

/// RSASSA-PKCS1-v1_5 verification (RFC 8017, 8.2.2): the whole encoded message is compared.
fn verify_rsa(n: &[u8], e: &[u8], by: Algorithm, digest: &[u8], signature: &[u8]) -> Result<(), &'static str> {
    if signature.len() != n.len() {
        return Err("the signature is not as long as the modulus");
    }
    let key = RsaPublicKey::new_with_max_size(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e), *RSA_BITS.end())
        .map_err(|_| "the RSA key cannot be used")?;
    let padding = match by {
        Algorithm::Sha256 => Pkcs1v15Sign::new::<sha2::Sha256>(),
        Algorithm::Sha384 => Pkcs1v15Sign::new::<sha2::Sha384>(),
        Algorithm::Sha512 => Pkcs1v15Sign::new::<sha2::Sha512>(),
    };
    key.verify(padding, digest, signature).map_err(|_| "the RSA signature does not match the signed bytes and the key")
}

/// ECDSA verification (FIPS 186-5, 6.4.2) of an ECDSA-Sig-Value (RFC 3279, 2.2.3).
///
/// The standard and the kernel (`ecdsa_verify`) accept a digest that is shorter than the curve. The crates refuse some of these, so
/// the digest is padded with zeros.
fn verify_ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), &'static str> {
    // The crates would accept a compressed point, too.
    if point.first() != Some(&4) {
        return Err("the public key is not a point on its curve");
    }
    let scalars = scalars(curve, signature).ok_or("the ECDSA signature is malformed")?;
    let digest = padded(digest, curve.size());
    macro_rules! verify {
        ($curve:ident) => {{
            use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
            let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| "the public key is not a point on its curve")?;
            let signature = Signature::from_slice(&scalars).map_err(|_| "r or s is not below the curve's order")?;
            key.verify_prehash(&digest, &signature)
        }};
    }
    match curve {
        Curve::P256 => verify!(p256),
        Curve::P384 => verify!(p384),
        Curve::P521 => verify!(p521),
    }
    .map_err(|_| "the ECDSA signature does not match the signed bytes and the key")
}

/// r and s, each as long as the curve's scalars.
fn scalars(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    der::check(signature).ok()?;
    let mut value = Cursor::new(der::sole(signature, SEQUENCE)?.value);
    let mut both = Vec::with_capacity(curve.size().saturating_mul(2));
    for _ in 0..2 {
        let digits = positive(value.take(INTEGER)?.value)?;
        if digits.len() > curve.size() {
            return None;
        }
        both.extend_from_slice(&padded(digits, curve.size()));
    }
    value.is_empty().then_some(both)
}

/// Pads with zeros in front, up to `size`; longer input is returned unchanged.
fn padded(digits: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size.saturating_sub(digits.len())];
    bytes.extend_from_slice(digits);
    bytes
}
