//! A keyring of the reference kernel.

use super::blacklist::Blacklist;
use super::errno::Errno;
use super::public_key::{KeyId, PublicKey};
use super::x509::Certificate;

#[derive(Debug)]
pub(super) struct Key<'a> {
    /// Serial number and issuer; key identifier.
    ids: (KeyId, Option<KeyId>),
    pub(super) public: PublicKey<'a>,
    description: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Keyring<'a> {
    keys: Vec<Key<'a>>,
}

impl<'a> Keyring<'a> {
    /// The keys of those certificates that the kernel can load (`x509_public_key.c:x509_key_preparse`).
    pub(super) fn new(certificates: impl Iterator<Item = &'a [u8]>, blacklist: Blacklist<'_>) -> Self {
        let mut ring = Self::default();
        for der in certificates {
            match Certificate::x509_cert_parse(der, der.len(), blacklist) {
                Ok(certificate) if !certificate.blacklisted => ring.x509_key_preparse(certificate),
                _ => {}
            }
        }
        ring
    }

    /// A key of the same description takes the place of the one before.
    fn x509_key_preparse(&mut self, certificate: Certificate<'a>) {
        self.keys.retain(|key| key.description != certificate.description);
        self.keys.push(Key {
            ids: (certificate.id, certificate.subject_key_id),
            public: certificate.key,
            description: certificate.description,
        });
    }

    /// `asymmetric_type.c:find_asymmetric_key`: the first key with the identifier in either place, which must then have
    /// the second in the second. Addresses in the kernel decide which of several is first; here, the order given does.
    pub(super) fn find_asymmetric_key(&self, id: &KeyId, second: Option<&KeyId>) -> Result<&Key<'a>, Errno> {
        if id.0.is_empty() {
            return Err(Errno::Inval);
        }
        let is = |key: &&Key<'a>| key.ids.0 == *id || key.ids.1.as_ref() == Some(id);
        let key = self.keys.iter().find(is).ok_or(Errno::Nokey)?;
        if second.is_some() && key.ids.1.as_ref() != second { Err(Errno::Keyrejected) } else { Ok(key) }
    }
}
