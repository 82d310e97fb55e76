//! Whether a key of a keyring leads to a message's signer (`crypto/asymmetric_keys/pkcs7_trust.c:pkcs7_validate_trust`).

use super::errno::Errno;
use super::keyring::{Key, Keyring};
use super::pkcs7_verify::{Signer, Verified, mark};
use super::public_key::{KeyId, Signature, public_key_verify_signature};
use super::x509::Certificate;

/// One trusted signer is enough; unsupported ones count against it only if none is found.
pub(super) fn pkcs7_validate_trust(message: &Verified<'_>, ring: &Keyring<'_>) -> Result<(), Errno> {
    let count = message.certificates.len();
    let mut walk = Walk { message, ring, seen: vec![false; count], trusted: vec![false; count] };
    let mut outcome = Err(Errno::Nokey);
    for signer in &message.signers {
        match walk.pkcs7_validate_trust_one(signer) {
            Ok(()) => outcome = Ok(()),
            Err(Errno::Nokey) => {}
            Err(Errno::Nopkg) => outcome = outcome.or(Err(Errno::Nopkg)),
            Err(errno) => return Err(errno),
        }
    }
    outcome
}

/// The results about the certificates so far, from all signers.
struct Walk<'a, 'b> {
    message: &'b Verified<'a>,
    ring: &'b Keyring<'a>,
    seen: Vec<bool>,
    trusted: Vec<bool>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn certificate(&self, index: usize) -> Option<&'b Certificate<'a>> {
        self.message.certificates.get(index)
    }

    /// `pkcs7_trust.c:pkcs7_validate_trust_one`.
    fn pkcs7_validate_trust_one(&mut self, signer: &'b Signer<'a>) -> Result<(), Errno> {
        if signer.unsupported {
            return Err(Errno::Nopkg);
        }
        // The signature that the next certificate upward has to verify.
        let mut signature = &signer.signature;
        let mut path = Vec::new();
        let mut next = signer.certificate;
        while let Some(index) = next {
            let Some(certificate) = self.certificate(index) else { break };
            if self.seen.get(index) == Some(&true) {
                return self.again(index, &path);
            }
            mark(&mut self.seen, index);
            path.push(index);
            // An error of the search only means that this certificate is no key of the ring.
            if let Ok(key) = self.ring.find_asymmetric_key(&certificate.id, certificate.subject_key_id.as_ref()) {
                return self.matched(key, signature, &path);
            }
            next = self.message.issuers.get(index).copied().flatten();
            if next == Some(index) {
                return Err(Errno::Nokey);
            }
            signature = &certificate.signature;
        }
        self.above(signer, &path)
    }

    fn again(&mut self, index: usize, path: &[usize]) -> Result<(), Errno> {
        if self.trusted.get(index) != Some(&true) {
            return Err(Errno::Nokey);
        }
        self.trust(path);
        Ok(())
    }

    /// No certificate on the path is in the keyring. Its topmost certificate's issuer may be, or the signer's key itself.
    fn above(&mut self, signer: &Signer<'_>, path: &[usize]) -> Result<(), Errno> {
        if let Some(top) = path.last().and_then(|index| self.certificate(*index))
            && let Some((id, second)) = authority(top)
        {
            match self.ring.find_asymmetric_key(id, second) {
                Ok(key) => return self.matched(key, &top.signature, path),
                Err(Errno::Nokey) => {}
                Err(errno) => return Err(errno),
            }
        }
        let key = self.ring.find_asymmetric_key(&signer.id, None)?;
        self.matched(key, &signer.signature, &[])
    }

    /// From here on, every fault of the signature gives EKEYREJECTED.
    fn matched(&mut self, key: &Key<'_>, signature: &Signature<'_>, path: &[usize]) -> Result<(), Errno> {
        match public_key_verify_signature(&key.public, signature) {
            Ok(()) => {
                self.trust(path);
                Ok(())
            }
            Err(Errno::Nomem) => Err(Errno::Nomem),
            Err(_) => Err(Errno::Keyrejected),
        }
    }

    fn trust(&mut self, path: &[usize]) {
        for index in path {
            mark(&mut self.trusted, *index);
        }
    }
}

/// How a certificate names its issuer, the better name first.
fn authority<'b>(certificate: &'b Certificate<'_>) -> Option<(&'b KeyId, Option<&'b KeyId>)> {
    match &certificate.authority {
        [Some(by_serial), by_key] => Some((by_serial, by_key.as_ref())),
        [None, Some(by_key)] => Some((by_key, None)),
        [None, None] => None,
    }
}
