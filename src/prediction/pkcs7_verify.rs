//! Whether a message is correctly signed, by any signer (`crypto/asymmetric_keys/pkcs7_verify.c:pkcs7_verify`).

use super::errno::Errno;
use super::pkcs7::Message;
use super::public_key::{KeyId, Signature, public_key_verify_signature};
use super::signer::{ContentType, SignerInfo};
use super::x509::Certificate;

/// The results for a message; certificates are identified by their index in the message.
#[derive(Debug)]
pub(super) struct Verified<'a> {
    pub(super) certificates: Vec<Certificate<'a>>,
    pub(super) signers: Vec<Signer<'a>>,
    /// Of each certificate, the one in the message whose key verified it.
    pub(super) issuers: Vec<Option<usize>>,
}

#[derive(Debug)]
pub(super) struct Signer<'a> {
    pub(super) id: KeyId,
    pub(super) signature: Signature<'a>,
    pub(super) certificate: Option<usize>,
    /// The kernel lacks something for it.
    pub(super) unsupported: bool,
    blacklisted: bool,
}

/// `pkcs7_verify.c:pkcs7_verify`: the check that uses no keyring.
pub(super) fn pkcs7_verify<'a>(message: Message<'a>) -> Result<Verified<'a>, Errno> {
    if message.content_type != ContentType::Indirect {
        return Err(Errno::Keyrejected);
    }
    let content = message.content.map(|content| content.value).unwrap_or_default();
    let issuers = vec![None; message.certificates.len()];
    let mut verified = Verified { certificates: message.certificates, signers: Vec::new(), issuers };
    let mut outcome = Err(Errno::Nopkg);
    for info in message.signers {
        let mut signer = Signer {
            id: info.id.clone(),
            signature: info.signature.clone(),
            certificate: None,
            unsupported: false,
            blacklisted: false,
        };
        let result = verified.pkcs7_verify_one(&info, &mut signer, content);
        if signer.blacklisted {
            outcome = outcome.or(Err(Errno::Keyrejected));
        } else {
            match result {
                Ok(()) => outcome = Ok(()),
                Err(Errno::Nopkg) => signer.unsupported = true,
                Err(errno) => return Err(errno),
            }
        }
        verified.signers.push(signer);
    }
    outcome.map(|()| verified)
}

/// `pkcs7_verify.c:pkcs7_digest`.
fn pkcs7_digest(info: &SignerInfo<'_>, content: &[u8]) -> Result<Vec<u8>, Errno> {
    let hash = info.signature.hash;
    let digest = hash.digest(&[content]).ok_or(Errno::Nopkg)?;
    let Some(attributes) = info.attributes else { return Ok(digest) };
    let wanted = info.message_digest.ok_or(Errno::Keyrejected)?;
    if wanted.len() != digest.len() {
        return Err(Errno::Badmsg);
    }
    if wanted != digest {
        return Err(Errno::Keyrejected);
    }
    // The signature is over a SET, whatever tag the message has.
    hash.digest(&[&[0x31], attributes]).ok_or(Errno::Nopkg)
}

impl Verified<'_> {
    /// `pkcs7_verify.c:pkcs7_verify_one`: without a certificate in the message, the keyrings decide alone.
    fn pkcs7_verify_one(
        &mut self,
        info: &SignerInfo<'_>,
        signer: &mut Signer<'_>,
        content: &[u8],
    ) -> Result<(), Errno> {
        signer.signature.digest = Some(pkcs7_digest(info, content)?);
        let Some(index) = self.certificates.iter().position(|certificate| certificate.id == info.id) else {
            return Ok(());
        };
        signer.certificate = Some(index);
        let certificate = self.certificates.get(index).ok_or(Errno::Nokey)?;
        let validity = certificate.not_before..=certificate.not_after;
        if info.signing_time.is_some_and(|time| !validity.contains(&time)) {
            return Err(Errno::Keyrejected);
        }
        public_key_verify_signature(&certificate.key, &signer.signature)?;
        self.pkcs7_verify_sig_chain(index, signer)
    }

    /// `pkcs7_verify.c:pkcs7_verify_sig_chain`: upward within the message, as far as it goes.
    fn pkcs7_verify_sig_chain(&mut self, start: usize, signer: &mut Signer<'_>) -> Result<(), Errno> {
        let mut seen = vec![false; self.certificates.len()];
        let mut path = Vec::new();
        let mut at = start;
        loop {
            mark(&mut seen, at);
            let Some(certificate) = self.certificates.get(at) else { return Ok(()) };
            if certificate.blacklisted {
                signer.blacklisted = true;
                self.blacklist(&path);
                return Ok(());
            }
            if certificate.self_signed {
                self.set_issuer(at, at);
                return Ok(());
            }
            let Some(issuer) = self.issuer(certificate)? else { return Ok(()) };
            let Some(parent) = self.certificates.get(issuer) else { return Ok(()) };
            if seen.get(issuer) == Some(&true) {
                return Ok(());
            }
            public_key_verify_signature(&parent.key, &certificate.signature)?;
            self.set_issuer(at, issuer);
            path.push(at);
            at = issuer;
        }
    }

    /// The certificate in the message that this one names as its issuer: by serial number and issuer if they are there,
    /// which the key identifier must then confirm; else by key identifier.
    fn issuer(&self, certificate: &Certificate<'_>) -> Result<Option<usize>, Errno> {
        let [by_serial, by_key] = &certificate.authority;
        let has_key = |other: &Certificate<'_>| other.subject_key_id.is_some() && other.subject_key_id == *by_key;
        if let Some(id) = by_serial {
            let Some(index) = self.certificates.iter().position(|other| other.id == *id) else { return Ok(None) };
            let confirmed = by_key.is_none() || self.certificates.get(index).is_some_and(has_key);
            return if confirmed { Ok(Some(index)) } else { Err(Errno::Keyrejected) };
        }
        Ok(self.certificates.iter().position(has_key))
    }

    fn blacklist(&mut self, path: &[usize]) {
        for index in path {
            if let Some(certificate) = self.certificates.get_mut(*index) {
                certificate.blacklisted = true;
            }
        }
    }

    fn set_issuer(&mut self, index: usize, issuer: usize) {
        if let Some(slot) = self.issuers.get_mut(index) {
            *slot = Some(issuer);
        }
    }
}

/// Notes that the walk passed a certificate.
pub(super) fn mark(flags: &mut [bool], index: usize) {
    if let Some(flag) = flags.get_mut(index) {
        *flag = true;
    }
}
