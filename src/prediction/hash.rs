//! The hash functions of the reference kernel's crypto layer.

use super::oid;
use crate::digest::{Algorithm, Hashed};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_384, Sha3_512};
use std::ops::Range;

/// A hash that the parsers know by name; not all are built into the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    /// Not in Debian's configuration.
    Sm3,
    /// A module in Debian's configuration (`CRYPTO_STREEBOG=m`), taken as absent.
    Streebog,
}

impl Hash {
    /// Of a SignerInfo (`pkcs7_parser.c:pkcs7_sig_note_digest_algo`).
    pub(super) fn of_signer(oid: &[u8]) -> Option<Self> {
        match oid {
            oid::SHA224 => Some(Self::Sha224),
            oid::SM3 => Some(Self::Sm3),
            oid::STREEBOG_256 | oid::STREEBOG_512 => Some(Self::Streebog),
            _ => Self::of_image(oid),
        }
    }

    /// Of an image (`mscode_parser.c:mscode_note_digest_algo`).
    pub(super) fn of_image(oid: &[u8]) -> Option<Self> {
        match oid {
            oid::SHA1 => Some(Self::Sha1),
            oid::SHA256 => Some(Self::Sha256),
            oid::SHA384 => Some(Self::Sha384),
            oid::SHA512 => Some(Self::Sha512),
            oid::SHA3_256 => Some(Self::Sha3_256),
            oid::SHA3_384 => Some(Self::Sha3_384),
            oid::SHA3_512 => Some(Self::Sha3_512),
            _ => None,
        }
    }

    /// The digest of the concatenated parts; `None` if the kernel lacks the function.
    pub(super) fn digest(self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        Some(match self {
            Self::Sha1 => all::<Sha1>(parts),
            Self::Sha224 => all::<Sha224>(parts),
            Self::Sha256 => all::<Sha256>(parts),
            Self::Sha384 => all::<Sha384>(parts),
            Self::Sha512 => all::<Sha512>(parts),
            Self::Sha3_256 => all::<Sha3_256>(parts),
            Self::Sha3_384 => all::<Sha3_384>(parts),
            Self::Sha3_512 => all::<Sha3_512>(parts),
            Self::Sm3 | Self::Streebog => return None,
        })
    }

    /// The digest of ranges of a file, one after the other; computed once for both readers of the file.
    pub(super) fn digest_of_file<B: AsRef<[u8]>>(self, file: &Hashed<B>, ranges: &[Range<usize>]) -> Option<Vec<u8>> {
        let algorithm = match self {
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha384 => Algorithm::Sha384,
            Self::Sha512 => Algorithm::Sha512,
            _ => return self.digest(&file.parts(ranges).iter().map(|part| &**part).collect::<Vec<_>>()),
        };
        Some(file.digest(algorithm, ranges).value)
    }

    /// The length of the output in bytes; `None` if the kernel lacks the function.
    pub(super) const fn size(self) -> Option<u8> {
        match self {
            Self::Sha1 => Some(20),
            Self::Sha224 => Some(28),
            Self::Sha256 | Self::Sha3_256 => Some(32),
            Self::Sha384 | Self::Sha3_384 => Some(48),
            Self::Sha512 | Self::Sha3_512 => Some(64),
            Self::Sm3 | Self::Streebog => None,
        }
    }

    /// The bytes before the digest in a PKCS#1 v1.5 signature (RFC 8017, 9.2; `rsa-pkcs1pad.c:rsa_asn1_templates`).
    pub(super) fn digest_info(self) -> Option<Vec<u8>> {
        let oid = match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha224 => oid::SHA224,
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
            Self::Sha3_256 => oid::SHA3_256,
            Self::Sha3_384 => oid::SHA3_384,
            Self::Sha3_512 => oid::SHA3_512,
            Self::Sm3 | Self::Streebog => return None,
        };
        let size = self.size()?;
        let oid_len = u8::try_from(oid.len()).ok()?;
        let algorithm = oid_len.checked_add(4)?;
        let mut info = vec![0x30, algorithm.checked_add(4)?.checked_add(size)?, 0x30, algorithm, 0x06, oid_len];
        info.extend_from_slice(oid);
        info.extend_from_slice(&[0x05, 0x00, 0x04, size]);
        Some(info)
    }
}

fn all<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_those_of_rfc_8017() {
        let hex = |hash: Hash| hash.digest_info().map(|info| crate::hex::encode(&info));
        assert_eq!(hex(Hash::Sha1), Some("3021300906052b0e03021a05000414".into()));
        assert_eq!(hex(Hash::Sha256), Some("3031300d060960864801650304020105000420".into()));
        assert_eq!(hex(Hash::Sha512), Some("3051300d060960864801650304020305000440".into()));
        assert_eq!(hex(Hash::Sm3), None);
    }

    #[test]
    fn sizes_are_those_of_the_digests() {
        for oid in [oid::SHA1, oid::SHA224, oid::SHA256, oid::SHA384, oid::SHA512, oid::SHA3_256, oid::SHA3_512] {
            let hash = Hash::of_signer(oid);
            let digest = hash.and_then(|hash| hash.digest(&[b"ab", b"c"]));
            assert_eq!(digest.map(|digest| digest.len()), hash.and_then(Hash::size).map(usize::from));
        }
    }
}
