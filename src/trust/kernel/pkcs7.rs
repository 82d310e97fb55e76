//! The PKCS#7 message as the kernel parses it (`crypto/asymmetric_keys/pkcs7_parser.c:pkcs7_parse_message`).

use super::decoder::{Actions, Seen, decode};
use super::errno::Errno;
use super::hash::Hash;
use super::key::{KeyId, Scheme};
use super::pkcs7_grammar::{Act, MESSAGE};
use super::signer::{Draft, SignerInfo};
use super::x509::Certificate;
use super::{Blacklist, Stop, oid};

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    Data,
    /// Authenticode.
    Indirect,
}

/// The content, when it is in the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    /// Without tag and length.
    pub(super) value: &'a [u8],
    /// With them.
    pub(super) whole: &'a [u8],
}

#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) content_type: ContentType,
    pub(super) content: Option<Content<'a>>,
    pub(super) certificates: Vec<Certificate<'a>>,
    pub(super) signers: Vec<SignerInfo<'a>>,
}

/// What is noted on the way (`struct pkcs7_parse_context`). What names a signer stays for the next one.
struct Parser<'a, 'b> {
    blacklist: &'b Blacklist,
    last_oid: &'a [u8],
    version: u8,
    content_type: Option<ContentType>,
    content: Option<Content<'a>>,
    /// The certificates of which it is not yet known that they are in the bag: a revocation list's never are.
    parsed: Vec<Certificate<'a>>,
    certificates: Vec<Certificate<'a>>,
    by_key_id: bool,
    issuer: &'a [u8],
    serial: &'a [u8],
    subject_key_id: &'a [u8],
    signer: Draft<'a>,
    signers: Vec<SignerInfo<'a>>,
}

impl<'a> Message<'a> {
    /// Parses the first `claimed` of the bytes.
    pub(super) fn parse(bytes: &'a [u8], claimed: usize, blacklist: &Blacklist) -> Result<Self, Stop> {
        let mut parser = Parser {
            blacklist,
            last_oid: &[],
            version: 0,
            content_type: None,
            content: None,
            parsed: Vec::new(),
            certificates: Vec::new(),
            by_key_id: false,
            issuer: &[],
            serial: &[],
            subject_key_id: &[],
            signer: Draft::default(),
            signers: Vec::new(),
        };
        decode(MESSAGE, bytes, claimed, &mut parser)?;
        // No signer at all, or some with attributes and some without (`pkcs7_check_authattrs`).
        let with = parser.signers.iter().filter(|signer| signer.attributes.is_some()).count();
        if parser.signers.is_empty() || (with != 0 && with != parser.signers.len()) {
            return Err(Errno::Inval.into());
        }
        Ok(Self {
            content_type: parser.content_type.ok_or(Errno::Badmsg)?,
            content: parser.content,
            certificates: parser.certificates,
            signers: parser.signers,
        })
    }
}

impl<'a> Actions<'a> for Parser<'a, '_> {
    type Action = Act;

    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        match action {
            Act::Oid => self.last_oid = seen.value()?,
            Act::CheckContentType if self.last_oid == oid::SIGNED_DATA => {}
            Act::CheckContentType => return Err(Errno::Inval.into()),
            Act::Version => self.version(seen.value()?)?,
            Act::Data => self.content = Some(Content { value: seen.value()?, whole: seen.back(seen.header)? }),
            Act::Content => self.content_type()?,
            Act::Certificate => self.certificate(seen)?,
            Act::CertificateList => self.certificates.append(&mut self.parsed),
            Act::SignerVersion => self.signer_version(seen.value()?)?,
            Act::Issuer => self.issuer = seen.value()?,
            Act::Serial => self.serial = seen.value()?,
            Act::SubjectKeyId => self.subject_key_id = seen.value()?,
            Act::DigestAlgorithm => self.signer.hash = Some(Hash::of_signer(self.last_oid).ok_or(Errno::Nopkg)?),
            Act::Attribute => self.signer.attribute(self.last_oid, self.content_type, seen)?,
            Act::Attributes => self.signer.attributes(self.content_type, seen)?,
            Act::SignatureAlgorithm => self.signer.scheme = Some(scheme(self.last_oid).ok_or(Errno::Nopkg)?),
            Act::Signature => self.signer.value = seen.value()?,
            Act::Signer => self.signer()?,
        }
        Ok(())
    }
}

impl<'a> Parser<'a, '_> {
    /// `pkcs7_note_signeddata_version`.
    fn version(&mut self, value: &[u8]) -> Result<(), Errno> {
        let [version @ (1 | 3)] = value else { return Err(Errno::Inval) };
        self.version = *version;
        Ok(())
    }

    /// `pkcs7_note_content`.
    fn content_type(&mut self) -> Result<(), Errno> {
        self.content_type = Some(match self.last_oid {
            oid::DATA => ContentType::Data,
            oid::INDIRECT_DATA => ContentType::Indirect,
            _ => return Err(Errno::Inval),
        });
        Ok(())
    }

    /// `pkcs7_extract_cert`: an indefinite length is added up as if its end mark were not counted yet.
    fn certificate(&mut self, seen: &Seen<'a>) -> Result<(), Stop> {
        if seen.tag != 0x30 {
            return Err(Errno::Badmsg.into());
        }
        let bytes = seen.onward()?;
        let extra = if bytes.get(1) == Some(&0x80) { 2 } else { 0 };
        let claimed = seen.len.saturating_add(seen.header).saturating_add(extra);
        self.parsed.push(Certificate::parse(bytes, claimed, self.blacklist)?);
        Ok(())
    }

    /// `pkcs7_note_signerinfo_version`.
    fn signer_version(&mut self, value: &[u8]) -> Result<(), Errno> {
        match (value, self.version) {
            ([1], 1) => self.by_key_id = false,
            ([3], 3) => self.by_key_id = true,
            ([1 | 3], _) => return Err(Errno::Badmsg),
            _ => return Err(Errno::Inval),
        }
        Ok(())
    }

    /// `pkcs7_note_signed_info`: the version says which name counts, whichever was there.
    fn signer(&mut self) -> Result<(), Errno> {
        let id =
            if self.by_key_id { KeyId::new(self.subject_key_id, b"") } else { KeyId::new(self.serial, self.issuer) };
        let draft = std::mem::take(&mut self.signer);
        self.signers.push(draft.finish(id, self.content_type)?);
        Ok(())
    }
}

/// `pkcs7_sig_note_pkey_algo`: for ECDSA, the hash that the OID names takes no part.
fn scheme(oid: &[u8]) -> Option<Scheme> {
    match oid {
        oid::RSA => Some(Scheme::Rsa),
        oid::ECDSA_SHA1
        | oid::ECDSA_SHA224
        | oid::ECDSA_SHA256
        | oid::ECDSA_SHA384
        | oid::ECDSA_SHA512
        | oid::ECDSA_SHA3_256
        | oid::ECDSA_SHA3_384
        | oid::ECDSA_SHA3_512 => Some(Scheme::Ecdsa),
        oid::GOST_KEY_256 | oid::GOST_KEY_512 => Some(Scheme::Ecrdsa),
        _ => None,
    }
}
