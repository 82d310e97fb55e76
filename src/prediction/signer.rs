//! One SignerInfo and its signed attributes (`crypto/asymmetric_keys/pkcs7_parser.c`).

use super::decoder::Seen;
use super::errno::Errno;
use super::hash::Hash;
use super::public_key::{KeyId, Scheme, Signature};
use super::stop::Stop;
use super::{oid, time};

/// The type of the signed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    Data,
    /// Authenticode.
    Indirect,
}

#[derive(Debug, Clone)]
pub(super) struct SignerInfo<'a> {
    /// Of the certificate: serial number and issuer, or the key identifier.
    pub(super) id: KeyId,
    pub(super) signature: Signature<'a>,
    /// The bytes that are hashed after the tag of a SET: length and content.
    pub(super) attributes: Option<&'a [u8]>,
    pub(super) message_digest: Option<&'a [u8]>,
    pub(super) signing_time: Option<i64>,
}

/// The parser's state for a signer until the signer is complete (`struct pkcs7_parse_context`).
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    pub(super) hash: Option<Hash>,
    pub(super) scheme: Option<Scheme>,
    pub(super) value: &'a [u8],
    attributes: Option<&'a [u8]>,
    message_digest: Option<&'a [u8]>,
    signing_time: Option<i64>,
    /// The attributes so far of those that may occur once, by their OIDs.
    met: Vec<&'a [u8]>,
}

const ONCE: [&[u8]; 6] = [
    oid::CONTENT_TYPE,
    oid::SIGNING_TIME,
    oid::MESSAGE_DIGEST,
    oid::SMIME_CAPABILITIES,
    oid::OPUS_INFO,
    oid::STATEMENT_TYPE,
];

impl<'a> Context<'a> {
    /// One value of one attribute (`pkcs7_sig_note_authenticated_attr`): a second value counts as a repetition.
    pub(super) fn pkcs7_sig_note_authenticated_attr(
        &mut self,
        oid: &'a [u8],
        content_type: Option<ContentType>,
        seen: &Seen<'a>,
    ) -> Result<(), Stop> {
        if !ONCE.contains(&oid) {
            return Ok(());
        }
        if self.met.contains(&oid) {
            return Err(Errno::Keyrejected.into());
        }
        self.met.push(oid);
        let value = seen.value()?;
        match oid {
            // The kernel accepts any tag.
            oid::CONTENT_TYPE => same_content_type(value, content_type)?,
            oid::SIGNING_TIME => self.signing_time = Some(time::x509_decode_time(seen.tag, value)?),
            oid::MESSAGE_DIGEST if seen.tag == 0x04 => self.message_digest = Some(value),
            oid::MESSAGE_DIGEST => return Err(Errno::Badmsg.into()),
            _ if content_type == Some(ContentType::Indirect) => {}
            _ => return Err(Errno::Keyrejected.into()),
        }
        Ok(())
    }

    /// The end of the attributes in their usual form (`pkcs7_sig_note_set_of_authattrs`).
    pub(super) fn pkcs7_sig_note_set_of_authattrs(
        &mut self,
        content_type: Option<ContentType>,
        seen: &Seen<'a>,
    ) -> Result<(), Stop> {
        let has = |oid: &[u8]| self.met.contains(&oid);
        let foreign = content_type != Some(ContentType::Indirect) && has(oid::OPUS_INFO);
        if !has(oid::CONTENT_TYPE) || !has(oid::MESSAGE_DIGEST) || foreign {
            return Err(Errno::Badmsg.into());
        }
        self.attributes = Some(seen.back(seen.header.saturating_sub(1))?);
        Ok(())
    }

    pub(super) fn pkcs7_note_signed_info(
        self,
        id: KeyId,
        content_type: Option<ContentType>,
    ) -> Result<SignerInfo<'a>, Errno> {
        if content_type == Some(ContentType::Indirect) && self.attributes.is_none() {
            return Err(Errno::Badmsg);
        }
        // The grammar lets nothing end without these.
        let scheme = self.scheme.ok_or(Errno::Badmsg)?;
        let hash = self.hash.ok_or(Errno::Badmsg)?;
        Ok(SignerInfo {
            id,
            signature: Signature { scheme, hash, value: self.value, digest: None },
            attributes: self.attributes,
            message_digest: self.message_digest,
            signing_time: self.signing_time,
        })
    }
}

fn same_content_type(value: &[u8], content_type: Option<ContentType>) -> Result<(), Errno> {
    match (value, content_type) {
        (oid::DATA, Some(ContentType::Data)) | (oid::INDIRECT_DATA, Some(ContentType::Indirect)) => Ok(()),
        _ => Err(Errno::Badmsg),
    }
}
