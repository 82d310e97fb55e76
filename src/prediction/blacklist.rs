//! The `.blacklist` keyring (`certs/blacklist.c`), as the reference kernel uses it.
//!
//! The kernel makes entries of a dbx that hardly ever match. kexec does not look up image hashes (`bin:`) at all. The kernel
//! keeps hashes of certificates (`tbs:`) together with the sixteen bytes of time that follow the hash. It leaves out
//! certificates, because `CONFIG_SYSTEM_REVOCATION_LIST` is off. Only hashes that were written without the time can match.

use std::collections::BTreeSet;

/// The `tbs:` entries: bytes as the kernel compares them with a digest of a TBSCertificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blacklist<'a> {
    tbs: &'a BTreeSet<Vec<u8>>,
}

/// A blacklist without entries.
static NOTHING: BTreeSet<Vec<u8>> = BTreeSet::new();

impl<'a> Blacklist<'a> {
    pub(super) const fn new(tbs: &'a BTreeSet<Vec<u8>>) -> Self {
        Self { tbs }
    }

    pub(super) const fn empty() -> Self {
        Self { tbs: &NOTHING }
    }

    /// `blacklist.c:is_hash_blacklisted` for a TBSCertificate, whose digest is made with the hash function of the
    /// certificate's own signature (`x509_public_key.c:x509_get_sig_params`).
    pub(super) fn is_hash_blacklisted(self, digest: &[u8]) -> bool {
        self.tbs.contains(digest)
    }
}
