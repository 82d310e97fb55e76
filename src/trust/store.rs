//! The trust store: anchors and revocations.

use super::cert::Certificate;
use super::revocation::Revocations;
use super::sbat;
use crate::prediction::Keyrings;
use crate::reason::Finding;
use crate::sources::policy::Limits;

/// A trusted certificate, and where it was found.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The certificate.
    pub certificate: Certificate,
    /// A file or an EFI variable, for people to read.
    pub source: String,
}

/// Everything that a judgement depends on, apart from the file's own bytes.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The trusted certificates: signatures by them count, and signatures by signers that they certified.
    pub anchors: Vec<Anchor>,
    /// The revoked certificates and images.
    pub revocations: Revocations,
    /// The least permitted generation of each component (`SbatLevelRT`).
    pub sbat_level: Option<sbat::Level>,
    /// Revocation lists that cannot be read or parsed. If there is one, every file is refused.
    pub unreadable: Vec<Finding>,
    /// What the policy demands of a signature beyond a trusted signer. A judgement does not ask for it, because it does not know what
    /// the file is for; who knows, asks.
    pub limits: Limits,
}

impl Trust {
    /// The keyrings of a kernel with the same anchors and revocations.
    #[must_use]
    pub fn keyrings(&self) -> Keyrings<'_> {
        Keyrings {
            platform: self.anchors.iter().map(|anchor| anchor.certificate.der()).collect(),
            blacklist: self.revocations.tbs_in_kernel(),
        }
    }
}
