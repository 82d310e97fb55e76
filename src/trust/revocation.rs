//! What was revoked: images by hash, certificates, certificates by the hash of their TBSCertificate.

/// All that was revoked, from every source.
#[derive(Debug, Clone, Default)]
pub struct Revocations {}
