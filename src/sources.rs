//! The sources of trust on this system: files of keys, EFI variables, the kernel's own blacklist. This module only reads them;
//! `gather` interprets them.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub(crate) mod blacklist;
pub(crate) mod efi;
pub(crate) mod files;
pub(crate) mod firmware;
pub(crate) mod lock;
pub mod policy;
pub(crate) mod proc_keys;
pub(crate) mod replace;
pub(crate) mod root;
pub(crate) mod secure_boot;
#[cfg(test)]
pub(crate) mod testing;

pub use root::Root;
pub use secure_boot::SecureBoot;
