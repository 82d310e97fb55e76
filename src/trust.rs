//! Who signed these bytes: pure functions that take bytes and trusted certificates and return a proof, or named reasons against
//! one.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

pub mod algorithm;
pub mod appended;
pub(crate) mod attributes;
pub mod authenticode;
pub mod cert;
pub mod chain;
pub mod der;
pub mod detached;
pub mod esl;
mod evidence;
pub(crate) mod extensions;
mod inquiry;
mod judge;
pub(crate) mod name;
mod needs;
pub mod oid;
pub mod pkcs7;
mod profile;
pub mod revocation;
mod rules;
pub mod sbat;
pub mod signature;
pub mod signer;
pub mod spc;
mod store;
#[cfg(test)]
mod tests;
pub(crate) mod time;
pub(crate) mod x509;

pub use evidence::{Evidence, Key, Place, Signature, Signer};
pub use judge::{Judgement, Refused, Verified, judge};
pub use needs::Needs;
pub use store::{Anchor, Trust};
pub use time::rfc3339;
