//! The digests of a TPM's banks.

use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// An algorithm of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// TPM_ALG_SHA1
    Sha1,
    /// TPM_ALG_SHA256
    Sha256,
    /// TPM_ALG_SHA384
    Sha384,
    /// TPM_ALG_SHA512
    Sha512,
}

impl Hash {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm of a number in the TCG's registry; `None` for one that skexec cannot compute.
    #[must_use]
    pub fn of(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.id() == id)
    }

    /// Its number in the TCG's registry of algorithms.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::Sha1 => 0x0004,
            Self::Sha256 => 0x000b,
            Self::Sha384 => 0x000c,
            Self::Sha512 => 0x000d,
        }
    }

    /// Its name, as the kernel and other tools write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of a digest.
    #[must_use]
    pub const fn size(self) -> u16 {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the parts, one after the other.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => all::<Sha1>(parts),
            Self::Sha256 => all::<Sha256>(parts),
            Self::Sha384 => all::<Sha384>(parts),
            Self::Sha512 => all::<Sha512>(parts),
        }
    }

    /// What a register holds after it was extended.
    #[must_use]
    pub fn extended(self, register: &[u8], by: &[u8]) -> Vec<u8> {
        self.digest(&[register, by])
    }

    /// What the registers 0 to 16 hold after the firmware's start, unless an event says something else of register 0.
    #[must_use]
    pub fn zero(self) -> Vec<u8> {
        vec![0; self.size().into()]
    }
}

fn all<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(D::new(), |hasher, part| hasher.chain_update(part)).finalize().to_vec()
}
