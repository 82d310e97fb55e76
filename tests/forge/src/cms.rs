//! Detached signatures (CMS, `openssl cms -sign -binary -outform DER`), and signatures that `sign-file` appends to kernel modules
//! (scripts/sign-file.c, include/linux/module_signature.h).

use crate::der::{Node, splice};
use crate::hash::Hash;
use crate::oid;
use crate::pkcs7::{SignedData, Signer, default_time, subject_key_id};
use crate::pki::Identity;

pub const MARKER: &[u8] = b"~Module signature appended~\n";

/// The options of a signature over plain data.
#[derive(Debug, Clone)]
pub struct Plain {
    pub hash: Hash,
    pub attributes: bool,
    pub certificates: bool,
    /// Name the signer by its key's id, as `sign-file -k` does; else by issuer and serial number.
    pub by_key_id: bool,
    /// Carry the content in the message.
    pub embedded: bool,
    pub content_type: &'static str,
    pub time: Option<Node>,
}

impl Plain {
    /// As `openssl cms -sign` makes them.
    #[must_use]
    pub fn detached() -> Self {
        Self {
            hash: Hash::Sha256,
            attributes: true,
            certificates: true,
            by_key_id: false,
            embedded: false,
            content_type: oid::DATA,
            time: Some(default_time()),
        }
    }

    /// As `sign-file` makes them: CMS_NOCERTS, CMS_NOATTR.
    #[must_use]
    pub fn appended() -> Self {
        Self { attributes: false, certificates: false, ..Self::detached() }
    }

    #[must_use]
    pub fn message(&self, content: &[u8], who: &Identity) -> SignedData {
        let mut signer = Signer::new(who, self.hash, self.content_type, content, self.time.clone());
        if !self.attributes {
            signer.attributes = None;
        }
        if self.by_key_id {
            signer.sid = subject_key_id(&who.key.id());
            signer.version = 3;
        }
        SignedData {
            outer_type: oid::SIGNED_DATA,
            version: if self.by_key_id { 3 } else { 1 },
            digest_algorithms: vec![self.hash.algorithm()],
            content_type: self.content_type,
            content: self.embedded.then(|| crate::der::octets(content)),
            certificates: self.certificates.then(|| vec![splice(who.cert.clone())]),
            crls: None,
            signers: vec![signer.sign(content)],
        }
    }

    #[must_use]
    pub fn sign(&self, content: &[u8], who: &Identity) -> Vec<u8> {
        self.message(content, who).node().encode()
    }
}

/// `struct module_signature`, twelve bytes before the marker.
#[derive(Debug, Clone)]
pub struct Trailer {
    /// algo, hash, id_type, signer_len, key_id_len and three bytes of padding.
    pub fields: [u8; 8],
    pub says_length: Option<u32>,
}

impl Default for Trailer {
    fn default() -> Self {
        // PKEY_ID_PKCS7 is the only id_type left; everything else must be zero (mod_check_sig).
        Self { fields: [0, 0, 2, 0, 0, 0, 0, 0], says_length: None }
    }
}

impl Trailer {
    #[must_use]
    pub fn append(&self, content: &[u8], signature: &[u8]) -> Vec<u8> {
        let length = self.says_length.unwrap_or(signature.len() as u32).to_be_bytes();
        [content, signature, &self.fields, &length, MARKER].concat()
    }
}
