//! The structure of a certificate (RFC 5280, 4.1), as raw bytes.
//!
//! The parser follows the kernel's grammar (`x509.asn1`) and checks every tag. x509-parser does not: it accepts any bytes where no
//! signature covers them, such as the tag of the signature itself. It is used for names and times only.

use super::algorithm::Identifier;
use super::der::{self, BIT_STRING, BOOLEAN, Cursor, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv};

/// A certificate's fields.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    pub(crate) tbs: &'a [u8],
    pub(crate) serial: &'a [u8],
    pub(crate) issuer: Tlv<'a>,
    pub(crate) not_before: Tlv<'a>,
    pub(crate) not_after: Tlv<'a>,
    pub(crate) subject: Tlv<'a>,
    pub(crate) key: &'a [u8],
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) algorithm: Identifier<'a>,
    pub(crate) signature: &'a [u8],
}

/// Extension: extnID, critical, and the content of extnValue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'a> {
    pub(crate) id: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

/// Splits a certificate into its fields.
///
/// # Errors
/// Which field is malformed.
pub(crate) fn split(certificate: &[u8]) -> Result<Fields<'_>, &'static str> {
    let mut outer = der::sole(certificate, SEQUENCE).map(|it| Cursor::new(it.value)).ok_or("it is no SEQUENCE")?;
    let tbs = outer.take(SEQUENCE).ok_or("tbsCertificate is missing")?;
    let algorithm = Identifier::take(&mut outer).ok_or("signatureAlgorithm is malformed")?;
    let signature = outer.take(BIT_STRING).and_then(whole_bytes).ok_or("signatureValue is malformed")?;
    if !outer.is_empty() {
        return Err("something follows the signature");
    }
    let mut fields = Cursor::new(tbs.value);
    // version, DEFAULT v1: nothing depends on it, and the kernel does not check it.
    if let Some(version) = fields.take(der::context(0)) {
        der::sole(version.value, INTEGER).ok_or("version is malformed")?;
    }
    let serial = fields.take(INTEGER).ok_or("serialNumber is missing")?.value;
    let inner = Identifier::take(&mut fields).ok_or("signature is malformed")?;
    // RFC 5280, 4.1.1.2; the kernel's `x509_note_signature` compares the identifiers alone.
    if inner != algorithm {
        return Err("two signature algorithms contradict one another");
    }
    let issuer = name(&mut fields).ok_or("issuer is malformed")?;
    let (not_before, not_after) = validity(&mut fields).ok_or("validity is malformed")?;
    let subject = name(&mut fields).ok_or("subject is malformed")?;
    let key = fields.take(SEQUENCE).ok_or("subjectPublicKeyInfo is missing")?.raw;
    // issuerUniqueID and subjectUniqueID, which no tool uses.
    let _ = fields.take(der::context_primitive(1));
    let _ = fields.take(der::context_primitive(2));
    let extensions = extensions(&mut fields).ok_or("extensions are malformed")?;
    if !fields.is_empty() {
        return Err("something follows the extensions");
    }
    let tbs = tbs.raw;
    Ok(Fields { tbs, serial, issuer, not_before, not_after, subject, key, extensions, algorithm, signature })
}

/// A BIT STRING that has no unused bits.
fn whole_bytes(bits: Tlv<'_>) -> Option<&[u8]> {
    bits.value.strip_prefix(&[0])
}

/// Name (RFC 5280, 4.1.2.4): a SEQUENCE of SETs of type and value.
pub(crate) fn name<'a>(fields: &mut Cursor<'a>) -> Option<Tlv<'a>> {
    let name = fields.take(SEQUENCE)?;
    let mut parts = Cursor::new(name.value);
    while !parts.is_empty() {
        let mut attributes = parts.enter(SET)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.enter(SEQUENCE)?;
            attribute.take(OID)?;
            attribute.any()?;
            if !attribute.is_empty() {
                return None;
            }
        }
    }
    Some(name)
}

fn validity<'a>(fields: &mut Cursor<'a>) -> Option<(Tlv<'a>, Tlv<'a>)> {
    let mut times = fields.enter(SEQUENCE)?;
    let both = (times.any()?, times.any()?);
    times.is_empty().then_some(both)
}

fn extensions<'a>(fields: &mut Cursor<'a>) -> Option<Vec<Extension<'a>>> {
    let Some(wrapped) = fields.take(der::context(3)) else { return Some(Vec::new()) };
    let mut list = Cursor::new(der::sole(wrapped.value, SEQUENCE)?.value);
    let mut all = Vec::new();
    while !list.is_empty() {
        let mut one = list.enter(SEQUENCE)?;
        let id = one.take(OID)?.value;
        let critical = one.take(BOOLEAN).is_some_and(|critical| critical.value == [0xff]);
        let value = one.take(OCTET_STRING)?.value;
        if !one.is_empty() {
            return None;
        }
        all.push(Extension { id, critical, value });
    }
    Some(all)
}
