//! Where trust comes from on this system: files of keys, EFI variables, the kernel's own blacklist.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod blacklist;
mod content;
mod efi;
mod files;
mod firmware;
mod gather;
mod pem;
pub mod policy;
pub(crate) mod proc_keys;
pub mod root;
pub mod secure_boot;
#[cfg(test)]
pub(crate) mod testing;

pub use root::Root;
pub use secure_boot::SecureBoot;

use crate::reason::{Finding, Warning};
use crate::trust::Trust;
use std::path::PathBuf;

/// Whom the user asked to trust.
#[derive(Debug, Clone, Default)]
pub struct TrustRequest {
    /// `--keys`: certificates, directories of them, EFI signature lists.
    pub keys: Vec<PathBuf>,
    /// `--revoked`: the same, and files of `sha256:HEX` lines.
    pub revoked: Vec<PathBuf>,
    /// Whether the system's anchors count (not `--no-system-trust`); its revocations always do.
    pub system: bool,
}

/// All that could be found. Warnings have the slugs `revocation-incomplete`, `revocation-ignored`, `trust-list-ignored`,
/// `mok-variable-ignored`.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// Anchors, revocations, SBAT level, and the revocation lists that cannot be read.
    pub trust: Trust,
    /// What was left out, and why.
    pub warnings: Vec<Warning>,
}

/// Reads everything that a judgement depends on beside the file's own bytes.
///
/// Anchors, in this order: the request's; and with `system`, those of /etc/skexec/trust.d, with Secure Boot off also of
/// /usr/lib/skexec/trust.d, then `db` and `MokListRT`. Revocations of the request and of the system always count; a list
/// that cannot be read or parsed goes to [`Trust::unreadable`], unless the policy's `ignore-revocations` names it.
///
/// # Errors
/// `trust-file`: a file of keys that was named, or that the system has, cannot be used. `policy-file`.
pub fn gather(root: &Root, request: &TrustRequest) -> Result<Gathered, Finding> {
    gather::gather(root, request)
}
