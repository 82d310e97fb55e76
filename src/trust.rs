//! Who signed these bytes: pure functions from bytes and trusted certificates to a proof, or named reasons against it.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

pub mod algorithm;
pub mod appended;
pub mod attributes;
pub mod authenticode;
pub mod cert;
pub mod chain;
pub mod der;
pub mod detached;
pub mod digest;
pub mod esl;
pub mod extensions;
mod judge;
pub mod kernel;
mod name;
pub mod oid;
pub mod pkcs7;
pub mod revocation;
mod rules;
pub mod sbat;
pub mod signature;
pub mod signer;
pub mod spc;
#[cfg(test)]
mod tests;
mod time;
mod x509;

pub use judge::{Evidence, Judgement, Place, Refused, Signature, Signer, Verified, judge};
pub use time::rfc3339;

use crate::reason::Finding;
use cert::Certificate;
use revocation::Revocations;

/// A certificate that vouches for others, and where it was found.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The certificate.
    pub certificate: Certificate,
    /// A file or an EFI variable, for people to read.
    pub source: String,
}

/// Whom to believe: all that a judgement depends on beside the file's own bytes.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Who may vouch for a signer.
    pub anchors: Vec<Anchor>,
    /// Who and what no longer counts.
    pub revocations: Revocations,
    /// The least generation of each component (`SbatLevelRT`).
    pub sbat_level: Option<sbat::Level>,
    /// Revocation lists that cannot be read or parsed: each refuses everything.
    pub unreadable: Vec<Finding>,
}
