//! SignerInfo (RFC 5652, 5.3): the signer's identity, the algorithms, and the signature's value.

use super::algorithm::{self, Identifier, Scheme};
use super::attributes::Attributes;
use super::cert::Certificate;
use super::der::{self, Cursor, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use super::oid;
use super::profile::Profile;
use crate::digest::{Digest, Hashed};
use crate::hex;
use crate::reason::{Finding, Reason};

/// How a SignerInfo names the signer's certificate (RFC 5652, 5.3, SignerIdentifier).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerId<'a> {
    /// By the content bytes of its issuer's name and of its serial number.
    IssuerAndSerial(&'a [u8], &'a [u8]),
    /// By its subjectKeyIdentifier; not in Authenticode.
    KeyId(&'a [u8]),
}

impl SignerId<'_> {
    /// Whether it names this certificate. Other certificates may match, too.
    #[must_use]
    pub fn names(self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial(issuer, serial) => certificate.is_named(issuer, serial),
            Self::KeyId(id) => certificate.subject_key_id() == Some(id),
        }
    }
}

/// The signer of a message: an allegation until the chain is verified.
#[derive(Debug, Clone, Copy)]
pub struct SignerInfo<'a> {
    /// The alleged signer.
    pub id: SignerId<'a>,
    /// The scheme of the signature.
    pub scheme: Scheme,
    /// The signed attributes. Without them, the content itself is signed.
    pub attributes: Option<Attributes<'a>>,
    signature: &'a [u8],
}

/// The fields of the message with which a SignerInfo must agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) profile: Profile,
    pub(super) version: u8,
    pub(super) digest_algorithms: &'a [u8],
    pub(super) content_type: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    pub(super) fn parse(element: &'a [u8], context: Context<'_>) -> Result<Self, Finding> {
        let mut fields = Cursor::new(element);
        let id = identifier(&mut fields, context)?;
        let digest = Identifier::take(&mut fields).ok_or_else(|| malformed("no digestAlgorithm"))?;
        let algorithm = algorithm::digest(digest)?;
        check_digest_algorithms(context.digest_algorithms, digest)?;
        let attributes = fields.take(der::context(0));
        if fields.take(der::context(2)).is_some() {
            return Err(Finding::new(Reason::Attributes, "they are a SEQUENCE, as in PKCS #7 1.6"));
        }
        let scheme = Identifier::take(&mut fields).ok_or_else(|| malformed("no signatureAlgorithm"))?;
        let scheme = algorithm::message_scheme(scheme, algorithm)?;
        let signature = fields.take(OCTET_STRING).ok_or_else(|| malformed("no signature"))?.value;
        let unsigned = fields.take(der::context(1));
        if !unsigned.is_none_or(|unsigned| are_attributes(unsigned.value)) {
            return Err(malformed("malformed unsigned attributes"));
        }
        if !fields.is_empty() {
            return Err(malformed("something follows the signature"));
        }
        let attributes = match (attributes, context.profile) {
            // Otherwise a signature over attributes could be presented as one over a file with the same bytes (RFC 5652, 5.4).
            (None, Profile::Authenticode | Profile::Detached) => {
                Err(Finding::new(Reason::Attributes, "there are none"))
            }
            // The kernel's VERIFYING_MODULE_SIGNATURE (`pkcs7_verify`).
            (Some(_), Profile::Appended) => Err(Finding::new(Reason::Attributes, "an appended signature has none")),
            (None, _) => Ok(None),
            (Some(element), profile) => Attributes::parse(element, profile, context.content_type, algorithm).map(Some),
        }?;
        Ok(Self { id, scheme, attributes, signature })
    }

    /// The signature's value.
    #[must_use]
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// The digest that was signed (RFC 5652, 5.4).
    #[must_use]
    pub fn signed_digest(&self, content: &Hashed<&[u8]>) -> Digest {
        match &self.attributes {
            Some(attributes) => self.scheme.digest.digest(&attributes.signed_parts()),
            None => content.whole(self.scheme.digest),
        }
    }

    /// Checks that messageDigest is the content's digest.
    ///
    /// # Errors
    /// `message-digest`.
    pub fn check_content(&self, content: &Hashed<&[u8]>) -> Result<(), Finding> {
        let Some(attributes) = &self.attributes else { return not_attributes(content.bytes()) };
        let digest = content.whole(self.scheme.digest);
        if digest.value == attributes.message_digest {
            return Ok(());
        }
        Err(Finding::new(Reason::MessageDigest, format!("the content has {digest}")))
    }

    /// Checks that this key made the signature.
    ///
    /// # Errors
    /// `bad-signature`, `weak-key`, or `unsupported-algorithm`.
    pub fn check_signature(&self, content: &Hashed<&[u8]>, signer: &Certificate) -> Result<(), Finding> {
        let digest = self.signed_digest(content);
        signer
            .public_key()
            .check_strength()
            .map_err(|finding| Finding::new(finding.reason, format!("{}: {}", signer.subject(), finding.detail)))?;
        signer
            .public_key()
            .verify(self.scheme, &digest.value, self.signature)
            .map_err(|what| Finding::new(Reason::BadSignature, what))
    }
}

/// Refuses a content that may itself be a SET OF attributes. It may never have been signed as a file: an attacker could have taken
/// the signed attributes out of a signature and presented them as content.
fn not_attributes(content: &[u8]) -> Result<(), Finding> {
    if content.first() == Some(&SET) {
        return Err(Finding::new(Reason::Attributes, "there are none, and the content looks like some"));
    }
    Ok(())
}

fn malformed(what: &str) -> Finding {
    Finding::new(Reason::Pkcs7, format!("SignerInfo: {what}"))
}

/// version and sid: version 1 demands issuer and serial number, version 3 a key identifier (RFC 5652, 5.3). The kernel refuses a
/// SignedData with another version than the SignerInfo's (`pkcs7_note_signerinfo_version`). Authenticode permits only version 1.
fn identifier<'a>(fields: &mut Cursor<'a>, context: Context<'_>) -> Result<SignerId<'a>, Finding> {
    let version = fields.take(INTEGER).ok_or_else(|| malformed("no version"))?.value;
    let id = issuer_and_serial(fields).or_else(|| key_id(fields)).ok_or_else(|| malformed("no sid"))?;
    match (version, id) {
        (_, SignerId::KeyId(_)) if context.profile == Profile::Authenticode => Err(Reason::SignerId.into()),
        ([1], SignerId::IssuerAndSerial(..)) | ([3], SignerId::KeyId(_)) if version == [context.version] => Ok(id),
        ([1], SignerId::IssuerAndSerial(..)) => Err(malformed("its version is not that of SignedData")),
        _ => Err(Finding::new(Reason::SignerId, format!("in a SignerInfo of version {}", hex::encode(version)))),
    }
}

fn key_id<'a>(fields: &mut Cursor<'a>) -> Option<SignerId<'a>> {
    fields.take(der::context_primitive(0)).map(|id| SignerId::KeyId(id.value))
}

fn issuer_and_serial<'a>(fields: &mut Cursor<'a>) -> Option<SignerId<'a>> {
    let mut both = fields.enter(SEQUENCE)?;
    let issuer = both.take(SEQUENCE)?.value;
    let serial = both.take(INTEGER)?.value;
    both.is_empty().then_some(SignerId::IssuerAndSerial(issuer, serial))
}

/// unsignedAttrs (time stamps, nested signatures): no signature covers them, so they are ignored. But the kernel refuses a message
/// with another element in their place (`pkcs7.asn1`).
fn are_attributes(bytes: &[u8]) -> bool {
    let mut list = Cursor::new(bytes);
    while !list.is_empty() {
        let Some(mut attribute) = list.enter(SEQUENCE) else { return false };
        if attribute.take(OID).is_none() || attribute.take(SET).is_none() || !attribute.is_empty() {
            return false;
        }
    }
    true
}

/// SignedData.digestAlgorithms must be the signer's algorithm and nothing else: the kernel ignores the set, and
/// OpenSSL once crashed on an empty one (CVE-2026-45447).
fn check_digest_algorithms(set: &[u8], wanted: Identifier<'_>) -> Result<(), Finding> {
    let mut set = Cursor::new(set);
    match Identifier::take(&mut set) {
        Some(only) if set.is_empty() && only.is_plain() && only.oid == wanted.oid => Ok(()),
        Some(only) if set.is_empty() => {
            let seen = format!("{}, the signer's is {}", oid::dotted(only.oid), oid::dotted(wanted.oid));
            Err(Finding::new(Reason::DigestAlgorithms, seen))
        }
        Some(_) => Err(Finding::new(Reason::DigestAlgorithms, "there is more than one")),
        None => Err(Finding::new(Reason::DigestAlgorithms, "there is none")),
    }
}
