//! AlgorithmIdentifiers: those that skexec accepts, those that only the kernel accepts, and unknown ones.

use super::der::{Cursor, NULL, OID, SEQUENCE, Tlv};
use super::oid;
use crate::digest::Algorithm;
use crate::reason::{Finding, Reason};

/// AlgorithmIdentifier (RFC 5280, 4.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identifier<'a> {
    /// The content bytes of `algorithm`.
    pub oid: &'a [u8],
    /// `parameters`, if any.
    pub parameters: Option<Tlv<'a>>,
}

impl<'a> Identifier<'a> {
    /// Takes an AlgorithmIdentifier from the cursor.
    pub fn take(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut inner = cursor.enter(SEQUENCE)?;
        let oid = inner.take(OID)?.value;
        let parameters = inner.any();
        inner.is_empty().then_some(Self { oid, parameters })
    }

    /// Whether the parameters are NULL or absent, as they are for all that skexec verifies (RFC 5754, 2; RFC 3370, 3.2).
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.parameters.is_none_or(|parameters| parameters.tag == NULL)
    }
}

/// The kind of key that a signature needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    Rsa,
    /// ECDSA (FIPS 186-5, 6).
    Ecdsa,
}

/// A signature scheme: the kind of key and the digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// The key's kind.
    pub family: Family,
    /// The algorithm of the digest that is signed.
    pub digest: Algorithm,
}

/// The digest that an AlgorithmIdentifier names.
///
/// # Errors
/// `weak-digest` for a digest that kernels still accept, else `unsupported-algorithm`.
pub fn digest(identifier: Identifier<'_>) -> Result<Algorithm, Finding> {
    let weak = |name| Err(Finding::new(Reason::WeakDigest, name));
    match identifier.oid {
        _ if !identifier.is_plain() => Err(unsupported("digest parameters of", identifier.oid)),
        oid::SHA256 => Ok(Algorithm::Sha256),
        oid::SHA384 => Ok(Algorithm::Sha384),
        oid::SHA512 => Ok(Algorithm::Sha512),
        oid::SHA1 => weak("sha1"),
        oid::SHA224 => weak("sha224"),
        oid::MD5 => Err(Finding::new(Reason::UnsupportedAlgorithm, "digest md5")),
        // Debian builds SHA-3 into its 6.12, but not into its 7.2.
        oid::SHA3_256 | oid::SHA3_384 | oid::SHA3_512 => Err(Finding::new(Reason::UnsupportedAlgorithm, "digest sha3")),
        other => Err(unsupported("digest", other)),
    }
}

/// The scheme of a SignerInfo: its signatureAlgorithm, which the kernel wants to be bare (`pkcs7_sig_note_pkey_algo`), with
/// its digestAlgorithm.
///
/// # Errors
/// `unsupported-algorithm`.
pub fn message_scheme(identifier: Identifier<'_>, digest: Algorithm) -> Result<Scheme, Finding> {
    let ecdsa = |named: Algorithm| {
        let seen = || format!("ecdsa-with-{} over {}", named.name(), digest.name());
        if named == digest { Ok(Family::Ecdsa) } else { Err(Finding::new(Reason::UnsupportedAlgorithm, seen())) }
    };
    let family = match identifier.oid {
        _ if !identifier.is_plain() => Err(unsupported("signature parameters of", identifier.oid)),
        oid::RSA => Ok(Family::Rsa),
        oid::SHA256_ECDSA => ecdsa(Algorithm::Sha256),
        oid::SHA384_ECDSA => ecdsa(Algorithm::Sha384),
        oid::SHA512_ECDSA => ecdsa(Algorithm::Sha512),
        other => Err(unsupported("signature algorithm", other)),
    }?;
    Ok(Scheme { family, digest })
}

/// How a certificate was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateScheme {
    /// By a scheme that skexec accepts.
    Usable(Scheme),
    /// By a scheme that kernels may still accept and skexec does not. Some roots are signed so, but their signatures are not verified.
    Weak(&'static str),
}

/// The scheme of a certificate, from the content bytes of its signatureAlgorithm; the same set as in the kernel's
/// `x509_note_sig_algo`. `None` if the kernel cannot parse such a certificate.
#[must_use]
pub fn certificate_scheme(algorithm: &[u8]) -> Option<CertificateScheme> {
    let usable = |family, digest| Some(CertificateScheme::Usable(Scheme { family, digest }));
    match algorithm {
        oid::SHA256_RSA => usable(Family::Rsa, Algorithm::Sha256),
        oid::SHA384_RSA => usable(Family::Rsa, Algorithm::Sha384),
        oid::SHA512_RSA => usable(Family::Rsa, Algorithm::Sha512),
        oid::SHA256_ECDSA => usable(Family::Ecdsa, Algorithm::Sha256),
        oid::SHA384_ECDSA => usable(Family::Ecdsa, Algorithm::Sha384),
        oid::SHA512_ECDSA => usable(Family::Ecdsa, Algorithm::Sha512),
        oid::SHA1_RSA | oid::SHA1_ECDSA => Some(CertificateScheme::Weak("sha1")),
        oid::SHA224_RSA | oid::SHA224_ECDSA => Some(CertificateScheme::Weak("sha224")),
        _ => None,
    }
}

fn unsupported(what: &str, algorithm: &[u8]) -> Finding {
    Finding::new(Reason::UnsupportedAlgorithm, format!("{what} {}", oid::dotted(algorithm)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(oid: &[u8]) -> Identifier<'_> {
        Identifier { oid, parameters: None }
    }

    #[test]
    fn digests_by_table() {
        for (identifier, wanted) in [
            (oid::SHA256, Ok(Algorithm::Sha256)),
            (oid::SHA384, Ok(Algorithm::Sha384)),
            (oid::SHA512, Ok(Algorithm::Sha512)),
            (oid::SHA1, Err(Reason::WeakDigest)),
            (oid::MD5, Err(Reason::UnsupportedAlgorithm)),
            (oid::SHA224, Err(Reason::WeakDigest)),
            (oid::SHA3_256, Err(Reason::UnsupportedAlgorithm)),
            (oid::RSA, Err(Reason::UnsupportedAlgorithm)),
        ] {
            assert_eq!(
                digest(bare(identifier)).map_err(|finding| finding.reason),
                wanted,
                "{}",
                oid::dotted(identifier)
            );
        }
    }

    /// Who reads the reason does not know the numbers.
    #[test]
    fn refused_digests_have_names() {
        for (identifier, wanted) in [
            (oid::MD5, "digest md5"),
            (oid::SHA1, "sha1"),
            (oid::SHA224, "sha224"),
            (oid::SHA3_256, "digest sha3"),
            (oid::SHA3_384, "digest sha3"),
            (oid::SHA3_512, "digest sha3"),
            (oid::RSA, "digest 1.2.840.113549.1.1.1"),
        ] {
            assert_eq!(digest(bare(identifier)).unwrap_err().detail, wanted);
        }
    }

    #[test]
    fn schemes_of_certificates_by_table() {
        let usable = |family, digest| Some(CertificateScheme::Usable(Scheme { family, digest }));
        for (algorithm, wanted) in [
            (oid::SHA256_RSA, usable(Family::Rsa, Algorithm::Sha256)),
            (oid::SHA384_RSA, usable(Family::Rsa, Algorithm::Sha384)),
            (oid::SHA512_RSA, usable(Family::Rsa, Algorithm::Sha512)),
            (oid::SHA256_ECDSA, usable(Family::Ecdsa, Algorithm::Sha256)),
            (oid::SHA384_ECDSA, usable(Family::Ecdsa, Algorithm::Sha384)),
            (oid::SHA512_ECDSA, usable(Family::Ecdsa, Algorithm::Sha512)),
            (oid::SHA1_RSA, Some(CertificateScheme::Weak("sha1"))),
            (oid::SHA1_ECDSA, Some(CertificateScheme::Weak("sha1"))),
            (oid::SHA224_RSA, Some(CertificateScheme::Weak("sha224"))),
            (oid::SHA224_ECDSA, Some(CertificateScheme::Weak("sha224"))),
            (oid::MD5, None),
            (oid::SHA256, None),
            (oid::RSA, None),
        ] {
            assert_eq!(certificate_scheme(algorithm), wanted, "{}", oid::dotted(algorithm));
        }
    }

    #[test]
    fn schemes_of_messages_by_table() {
        let (rsa, ecdsa) = (Family::Rsa, Family::Ecdsa);
        for (identifier, digest, wanted) in [
            (oid::RSA, Algorithm::Sha256, Some(rsa)),
            (oid::RSA, Algorithm::Sha512, Some(rsa)),
            (oid::SHA384_ECDSA, Algorithm::Sha384, Some(ecdsa)),
            (oid::SHA384_ECDSA, Algorithm::Sha256, None),
            (oid::SHA256_RSA, Algorithm::Sha256, None),
            (oid::EC_PUBLIC_KEY, Algorithm::Sha256, None),
            (oid::SHA1_ECDSA, Algorithm::Sha256, None),
        ] {
            let seen = message_scheme(bare(identifier), digest).map(|scheme| scheme.family);
            assert_eq!(seen.ok(), wanted, "{}", oid::dotted(identifier));
        }
    }

    #[test]
    fn parameters_other_than_null_are_refused() {
        let parameters = Some(Tlv { tag: SEQUENCE, raw: &[0x30, 0], value: &[] });
        assert!(digest(Identifier { oid: oid::SHA256, parameters }).is_err());
        assert!(message_scheme(Identifier { oid: oid::RSA, parameters }, Algorithm::Sha256).is_err());
    }
}
