//! The TPM 2.0: which banks it has, what its registers hold, and how one is extended; and the log of the events that extended them.
//!
//! Three commands are needed, which are written by hand: the crates that know them all bring a C library or a thousand types with them.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod command;
mod device;
mod hash;
pub mod log;
mod take;

pub use device::{Bank, Device, Fault, PATHS, Tpm, Transport, present};
pub use hash::Hash;

/// A register for platform configuration, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pcr(pub u8);

/// A digest for each bank, in the order of the banks.
pub type Digests = Vec<(Hash, Vec<u8>)>;

#[cfg(test)]
pub(crate) mod soft;
