//! Signed attributes (RFC 5652, 5.3 and 11): the data that is signed, with the digest of the content.

use super::der::{Cursor, OCTET_STRING, OID, SEQUENCE, SET, Tlv};
use super::profile::Profile;
use super::{oid, time};
use crate::digest::Algorithm;
use crate::reason::{Finding, Reason};

/// Signed attributes, checked except for their messageDigest.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    raw: &'a [u8],
    /// messageDigest.
    pub message_digest: &'a [u8],
    /// signingTime, in seconds of Unix time.
    pub signing_time: Option<i64>,
}

impl<'a> Attributes<'a> {
    /// Reads signedAttrs, the `[0]` element of a SignerInfo. `content_type` is the eContentType of the message.
    ///
    /// # Errors
    /// `attributes`, or `attr-order`.
    pub(super) fn parse(
        element: Tlv<'a>,
        profile: Profile,
        content_type: &[u8],
        digest: Algorithm,
    ) -> Result<Self, Finding> {
        let list = split(element.value)?;
        let find = |id: &[u8]| list.iter().find(|attribute| attribute.id == id).map(|attribute| attribute.value);
        let said = find(oid::CONTENT_TYPE).ok_or_else(|| malformed("contentType is missing"))?;
        if said.tag != OID || said.value != content_type {
            return Err(malformed("contentType is not that of the message"));
        }
        let message_digest = find(oid::MESSAGE_DIGEST).ok_or_else(|| malformed("messageDigest is missing"))?;
        if message_digest.tag != OCTET_STRING || message_digest.value.len() != digest.size() {
            return Err(malformed(format!("messageDigest is no {} digest", digest.name())));
        }
        let signing_time = find(oid::SIGNING_TIME)
            .map(|value| time::seconds(value).ok_or_else(|| malformed("signingTime is malformed")))
            .transpose()?;
        // The kernel refuses these elsewhere (`pkcs7_sig_note_authenticated_attr`); smimeCapabilities too, but no kernel ever
        // sees a detached signature, and OpenSSL writes them into every one.
        let foreign = [oid::SPC_OPUS_INFO, oid::SPC_STATEMENT_TYPE];
        if profile != Profile::Authenticode && foreign.iter().any(|id| find(id).is_some()) {
            return Err(malformed("an attribute is for Authenticode only"));
        }
        check_order(&list)?;
        Ok(Self { raw: element.raw, message_digest: message_digest.value, signing_time })
    }

    /// The signed data: the attributes as they were written, with the tag of a SET in place of the `[0]`
    /// (RFC 5652, 5.4).
    #[must_use]
    pub fn signed_parts(&self) -> [&'a [u8]; 2] {
        [&[SET], self.raw.get(1..).unwrap_or_default()]
    }
}

struct Attribute<'a> {
    raw: &'a [u8],
    id: &'a [u8],
    value: Tlv<'a>,
}

fn malformed(what: impl Into<String>) -> Finding {
    Finding::new(Reason::Attributes, what)
}

/// Attributes with one value each, and none twice (RFC 5652, 5.3 and 11).
fn split(bytes: &[u8]) -> Result<Vec<Attribute<'_>>, Finding> {
    let mut list: Vec<Attribute<'_>> = Vec::new();
    let mut cursor = Cursor::new(bytes);
    while !cursor.is_empty() {
        let element = cursor.take(SEQUENCE).ok_or_else(|| malformed("an attribute is no SEQUENCE"))?;
        let attribute = attribute(element)?;
        if list.iter().any(|other| other.id == attribute.id) {
            return Err(malformed(format!("{} stands twice", oid::dotted(attribute.id))));
        }
        if list.len() == MAX_ATTRIBUTES {
            return Err(malformed(format!("there are more than {MAX_ATTRIBUTES}")));
        }
        list.push(attribute);
    }
    Ok(list)
}

/// Authenticode's signers write four to six.
const MAX_ATTRIBUTES: usize = 64;

fn attribute(element: Tlv<'_>) -> Result<Attribute<'_>, Finding> {
    let mut fields = Cursor::new(element.value);
    let id = fields.take(OID).ok_or_else(|| malformed("an attribute has no type"))?.value;
    let mut values = fields.enter(SET).ok_or_else(|| malformed(format!("{} has no values", oid::dotted(id))))?;
    match values.any() {
        Some(value) if values.is_empty() && fields.is_empty() => Ok(Attribute { raw: element.raw, id, value }),
        _ => Err(malformed(format!("{} has not one value", oid::dotted(id)))),
    }
}

/// The DER order of a SET OF (X.690, 11.6). No element is the start of another, so the padding that the standard
/// describes never decides.
fn check_order(list: &[Attribute<'_>]) -> Result<(), Finding> {
    for (one, next) in list.iter().zip(list.iter().skip(1)) {
        if one.raw > next.raw {
            let seen = format!("{} stands before {}", oid::dotted(one.id), oid::dotted(next.id));
            return Err(Finding::new(Reason::AttributeOrder, seen));
        }
    }
    Ok(())
}
