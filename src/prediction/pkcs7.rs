//! The PKCS#7 message as the kernel parses it (`crypto/asymmetric_keys/pkcs7_parser.c:pkcs7_parse_message`).

use super::blacklist::Blacklist;
use super::decoder::{Actions, Seen, asn1_ber_decoder};
use super::errno::Errno;
use super::hash::Hash;
use super::oid;
use super::pkcs7_grammar::{Act, MESSAGE};
use super::public_key::{KeyId, Scheme};
use super::signer::{self, ContentType, SignerInfo};
use super::stop::Stop;
use super::x509::Certificate;

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

/// The state of the parser (`struct pkcs7_parse_context`). The names of a signer remain set for the next signer.
struct Context<'a, 'b> {
    blacklist: Blacklist<'b>,
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
    signer: signer::Context<'a>,
    signers: Vec<SignerInfo<'a>>,
}

impl<'a> Message<'a> {
    /// Parses the first `claimed` of the bytes.
    pub(super) fn pkcs7_parse_message(bytes: &'a [u8], claimed: usize, blacklist: Blacklist<'_>) -> Result<Self, Stop> {
        let mut context = Context {
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
            signer: signer::Context::default(),
            signers: Vec::new(),
        };
        asn1_ber_decoder(MESSAGE, bytes, claimed, &mut context)?;
        // No signer at all, or some with attributes and some without (`pkcs7_check_authattrs`).
        let with = context.signers.iter().filter(|signer| signer.attributes.is_some()).count();
        if context.signers.is_empty() || (with != 0 && with != context.signers.len()) {
            return Err(Errno::Inval.into());
        }
        Ok(Self {
            content_type: context.content_type.ok_or(Errno::Badmsg)?,
            content: context.content,
            certificates: context.certificates,
            signers: context.signers,
        })
    }
}

impl<'a> Actions<'a> for Context<'a, '_> {
    type Action = Act;

    fn act(&mut self, action: Act, seen: &Seen<'a>) -> Result<(), Stop> {
        match action {
            Act::Oid => self.last_oid = seen.value()?,
            Act::CheckContentType if self.last_oid == oid::SIGNED_DATA => {}
            Act::CheckContentType => return Err(Errno::Inval.into()),
            Act::Version => self.pkcs7_note_signeddata_version(seen.value()?)?,
            Act::Data => self.content = Some(Content { value: seen.value()?, whole: seen.back(seen.header)? }),
            Act::Content => self.pkcs7_note_content()?,
            Act::Certificate => self.pkcs7_extract_cert(seen)?,
            Act::CertificateList => self.certificates.append(&mut self.parsed),
            Act::SignerVersion => self.pkcs7_note_signerinfo_version(seen.value()?)?,
            Act::Issuer => self.issuer = seen.value()?,
            Act::Serial => self.serial = seen.value()?,
            Act::SubjectKeyId => self.subject_key_id = seen.value()?,
            Act::DigestAlgorithm => self.signer.hash = Some(Hash::of_signer(self.last_oid).ok_or(Errno::Nopkg)?),
            Act::Attribute => self.signer.pkcs7_sig_note_authenticated_attr(self.last_oid, self.content_type, seen)?,
            Act::Attributes => self.signer.pkcs7_sig_note_set_of_authattrs(self.content_type, seen)?,
            Act::SignatureAlgorithm => {
                self.signer.scheme = Some(pkcs7_sig_note_pkey_algo(self.last_oid).ok_or(Errno::Nopkg)?)
            }
            Act::Signature => self.signer.value = seen.value()?,
            Act::Signer => self.pkcs7_note_signed_info()?,
        }
        Ok(())
    }
}

impl<'a> Context<'a, '_> {
    /// `pkcs7_note_signeddata_version`.
    fn pkcs7_note_signeddata_version(&mut self, value: &[u8]) -> Result<(), Errno> {
        let [version @ (1 | 3)] = value else { return Err(Errno::Inval) };
        self.version = *version;
        Ok(())
    }

    /// `pkcs7_note_content`.
    fn pkcs7_note_content(&mut self) -> Result<(), Errno> {
        self.content_type = Some(match self.last_oid {
            oid::DATA => ContentType::Data,
            oid::INDIRECT_DATA => ContentType::Indirect,
            _ => return Err(Errno::Inval),
        });
        Ok(())
    }

    /// `pkcs7_extract_cert`: an indefinite length is added up as if its end mark were not counted yet.
    fn pkcs7_extract_cert(&mut self, seen: &Seen<'a>) -> Result<(), Stop> {
        if seen.tag != 0x30 {
            return Err(Errno::Badmsg.into());
        }
        let bytes = seen.onward()?;
        let extra = if bytes.get(1) == Some(&0x80) { 2 } else { 0 };
        let claimed = seen.len.saturating_add(seen.header).saturating_add(extra);
        self.parsed.push(Certificate::x509_cert_parse(bytes, claimed, self.blacklist)?);
        Ok(())
    }

    /// `pkcs7_note_signerinfo_version`.
    fn pkcs7_note_signerinfo_version(&mut self, value: &[u8]) -> Result<(), Errno> {
        match (value, self.version) {
            ([1], 1) => self.by_key_id = false,
            ([3], 3) => self.by_key_id = true,
            ([1 | 3], _) => return Err(Errno::Badmsg),
            _ => return Err(Errno::Inval),
        }
        Ok(())
    }

    /// `pkcs7_note_signed_info`: the version says which name counts, whichever the message has.
    fn pkcs7_note_signed_info(&mut self) -> Result<(), Errno> {
        let id =
            if self.by_key_id { KeyId::new(self.subject_key_id, b"") } else { KeyId::new(self.serial, self.issuer) };
        let context = std::mem::take(&mut self.signer);
        self.signers.push(context.pkcs7_note_signed_info(id, self.content_type)?);
        Ok(())
    }
}

/// `pkcs7_sig_note_pkey_algo`: for ECDSA, the kernel ignores the hash that the OID names.
fn pkcs7_sig_note_pkey_algo(oid: &[u8]) -> Option<Scheme> {
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
