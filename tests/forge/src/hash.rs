//! The digests, including those that skexec refuses.

use sha2::Digest;

use crate::der::{Node, null, octets, oid, seq};
use crate::oid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Sha3,
}

impl Hash {
    #[must_use]
    pub fn of(self, data: &[u8]) -> Vec<u8> {
        match self {
            Hash::Md5 => md5::Md5::digest(data).to_vec(),
            Hash::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Hash::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Hash::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Hash::Sha512 => sha2::Sha512::digest(data).to_vec(),
            Hash::Sha3 => sha3::Sha3_256::digest(data).to_vec(),
        }
    }

    #[must_use]
    pub fn oid(self) -> &'static str {
        match self {
            Hash::Md5 => oid::MD5,
            Hash::Sha1 => oid::SHA1,
            Hash::Sha256 => oid::SHA256,
            Hash::Sha384 => oid::SHA384,
            Hash::Sha512 => oid::SHA512,
            Hash::Sha3 => oid::SHA3_256,
        }
    }

    /// AlgorithmIdentifier with NULL parameters, as every signer of kernels writes it.
    #[must_use]
    pub fn algorithm(self) -> Node {
        seq(vec![oid(self.oid()), null()])
    }

    /// DigestInfo of RFC 8017 9.2, which is also the second half of SpcIndirectDataContent.
    #[must_use]
    pub fn info(self, digest: &[u8]) -> Node {
        seq(vec![self.algorithm(), octets(digest)])
    }

    /// The OID of a signature by an RSA key in a certificate.
    #[must_use]
    pub fn with_rsa(self) -> &'static str {
        match self {
            Hash::Sha1 => oid::SHA1_RSA,
            Hash::Sha384 => oid::SHA384_RSA,
            Hash::Sha512 => oid::SHA512_RSA,
            Hash::Sha256 | Hash::Md5 | Hash::Sha3 => oid::SHA256_RSA,
        }
    }

    /// The OID of a signature by an EC key, in certificates and SignerInfos.
    #[must_use]
    pub fn with_ecdsa(self) -> &'static str {
        match self {
            Hash::Sha384 => oid::ECDSA_SHA384,
            Hash::Sha512 => oid::ECDSA_SHA512,
            Hash::Sha256 | Hash::Sha1 | Hash::Md5 | Hash::Sha3 => oid::ECDSA_SHA256,
        }
    }
}
