//! What the loader and the purgatory share: the parameter block, the check, and SHA-256.
//!
//! The purgatory is the code that runs when the old kernel is gone and before the new one starts. The loader writes
//! [`Params`] into it; it compares the SHA-256 of itself and of every region with what stands there, and jumps, or says
//! what is damaged. Its freestanding half, in `image/`, adds the entry code, the console and the reset. Nothing here
//! allocates, panics or calls anybody, so that the same object code can be run as a function in an ordinary test.
#![cfg_attr(not(test), no_std)]
#![expect(unsafe_code, reason = "the purgatory reads physical memory")]

mod check;
mod params;
mod sha256;

pub use check::{PURGATORY, SOUND, Verdict, backup, check, zero};
/// The linked image, an ELF file with one segment: what the loader copies and fills in.
///
/// `build.rs` makes it of this crate's own sources, for x86-64 only.
#[cfg(linked_image)]
pub const ELF: &[u8] = include_bytes!(env!("PURGATORY_ELF"));

pub use params::{Backup, Console, NAME, OnMismatch, Params, REGIONS, Region, SPANS, Span};
pub use sha256::{Instructions, Stream};
