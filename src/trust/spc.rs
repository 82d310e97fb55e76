//! SpcIndirectDataContent: the digest of a PE image, as the content of an Authenticode message.

use super::algorithm::{self, Identifier};
use super::der::{Cursor, OCTET_STRING, OID, SEQUENCE};
use super::oid;
use crate::digest::Digest;
use crate::reason::{Finding, Reason};

/// The digest that a content states, of any algorithm and about anything: for people.
#[must_use]
pub(crate) fn stated(content: &[u8]) -> Option<(Identifier<'_>, &[u8])> {
    let mut fields = Cursor::new(content);
    fields.take(SEQUENCE)?;
    let mut info = fields.enter(SEQUENCE)?;
    Some((Identifier::take(&mut info)?, info.take(OCTET_STRING)?.value))
}

/// Reads the image's digest out of the content of an Authenticode message (its value, without tag and length).
///
/// ```text
/// SpcIndirectDataContent ::= SEQUENCE { data SEQUENCE { type OBJECT IDENTIFIER, value ANY }, messageDigest DigestInfo }
/// DigestInfo             ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
/// ```
/// Only this structure counts (the kernel's `mscode.asn1`): the digest is never searched for from the end.
///
/// # Errors
/// `spc`, `weak-digest` or `unsupported-algorithm`.
pub fn parse(content: &[u8]) -> Result<Digest, Finding> {
    let malformed = |what| Finding::new(Reason::Spc, what);
    let mut fields = Cursor::new(content);
    let mut data = fields.enter(SEQUENCE).ok_or_else(|| malformed("no SpcAttributeTypeAndOptionalValue"))?;
    let kind = data.take(OID).ok_or_else(|| malformed("no content type"))?.value;
    if kind != oid::SPC_PE_IMAGE_DATA && kind != oid::SPC_INDIVIDUAL_CODE_SIGNING {
        let seen = format!("it is about {}, not about a PE image", oid::dotted(kind));
        return Err(Finding::new(Reason::Spc, seen));
    }
    if data.any().is_none() || !data.is_empty() {
        return Err(malformed("the content type has not one value"));
    }
    let mut info = fields.enter(SEQUENCE).ok_or_else(|| malformed("no DigestInfo"))?;
    let identifier = Identifier::take(&mut info).ok_or_else(|| malformed("no digest algorithm"))?;
    let value = info.take(OCTET_STRING).ok_or_else(|| malformed("no digest"))?.value;
    if !info.is_empty() || !fields.is_empty() {
        return Err(malformed("there is more than the digest"));
    }
    let algorithm = algorithm::digest(identifier)?;
    if value.len() != algorithm.size() {
        let seen = format!("{} digest of {} bytes", algorithm.name(), value.len());
        return Err(Finding::new(Reason::Spc, seen));
    }
    Ok(Digest { algorithm, value: value.to_vec() })
}
