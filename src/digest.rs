//! SHA-256, SHA-384, SHA-512: the digests that a signature may use, of a file's ranges.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

mod hashed;
pub mod lanes;
mod passing;

pub(crate) use hashed::Again;
pub use hashed::{Hashed, Known};
pub use passing::Passing;

use crate::hex;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt;

/// A digest algorithm that is safe and that kernels know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 2.16.840.1.101.3.4.2.1
    Sha256,
    /// 2.16.840.1.101.3.4.2.2
    Sha384,
    /// 2.16.840.1.101.3.4.2.3
    Sha512,
}

impl Algorithm {
    /// The name as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of output.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the parts, one after the other.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        let value = match self {
            Self::Sha256 => all::<Sha256>(parts),
            Self::Sha384 => all::<Sha384>(parts),
            Self::Sha512 => all::<Sha512>(parts),
        };
        Digest { algorithm: self, value }
    }
}

fn all<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// SHA-256 of the parts, one after the other, as an array.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
}

/// A digest and how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How it was made.
    pub algorithm: Algorithm,
    /// [`Algorithm::size`] bytes.
    pub value: Vec<u8>,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), hex::encode(&self.value))
    }
}
