//! The `.blacklist` keyring (`certs/blacklist.c`), as the reference kernel uses it.
//!
//! Of a dbx the kernel makes entries that never match: image hashes (`bin:`) are not looked up by kexec at all, those of
//! certificates (`tbs:`) are kept with sixteen bytes of time behind the hash, and certificates are left out for want of
//! `CONFIG_SYSTEM_REVOCATION_LIST`. What remains are entries that were built in, and Debian builds none in.

use crate::trust::revocation::Revocations;

#[derive(Debug, Default)]
pub(super) struct Blacklist {
    tbs: Vec<Vec<u8>>,
}

impl Blacklist {
    pub(super) fn new(_revocations: &Revocations) -> Self {
        Self::default()
    }

    /// Whether a certificate has this digest, made with the hash of its own signature
    /// (`x509_public_key.c:x509_get_sig_params`).
    pub(super) fn has(&self, digest: &[u8]) -> bool {
        self.tbs.iter().any(|entry| entry == digest)
    }
}
