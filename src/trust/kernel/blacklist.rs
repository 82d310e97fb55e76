//! The `.blacklist` keyring (`certs/blacklist.c`), as the reference kernel uses it.
//!
//! Of a dbx the kernel makes entries that hardly ever match: image hashes (`bin:`) are not looked up by kexec at all, those
//! of certificates (`tbs:`) are kept with the sixteen bytes of time that stand behind the hash, and certificates are left
//! out for want of `CONFIG_SYSTEM_REVOCATION_LIST`. What remains are hashes that somebody wrote without the time.

use crate::trust::revocation::Revocations;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(super) struct Blacklist {
    tbs: BTreeSet<Vec<u8>>,
}

impl Blacklist {
    pub(super) fn new(revocations: &Revocations) -> Self {
        Self { tbs: revocations.tbs_in_kernel().clone() }
    }

    /// Whether a certificate has this digest, made with the hash of its own signature
    /// (`x509_public_key.c:x509_get_sig_params`).
    pub(super) fn has(&self, digest: &[u8]) -> bool {
        self.tbs.contains(digest)
    }
}
