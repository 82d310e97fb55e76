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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;
    use forge::der::{Node, null};
    use forge::hash::Hash;

    type Change = fn(&mut Node);

    /// The content of a message, after a change.
    fn content(change: Change) -> Vec<u8> {
        let mut node = forge::spc::Spc::new(Hash::Sha256, vec![7; 32]).node();
        change(&mut node);
        node.value().unwrap()
    }

    #[test]
    fn only_this_structure_counts() {
        let good = Ok(Digest { algorithm: Algorithm::Sha256, value: vec![7; 32] });
        let rows: [(&str, Change, _); 6] = [
            ("as signers write it", |_| (), good.clone()),
            ("another value", |content| *content.at(&[0, 1]) = null(), good),
            ("no value", |content| drop(content.at(&[0]).kids().pop()), Err(Reason::Spc)),
            ("two values", |content| content.at(&[0]).kids().push(null()), Err(Reason::Spc)),
            ("more than a digest", |content| content.at(&[1]).kids().push(null()), Err(Reason::Spc)),
            ("more than a DigestInfo", |content| content.kids().push(null()), Err(Reason::Spc)),
        ];
        for (about, change, wanted) in rows {
            assert_eq!(parse(&content(change)).map_err(|finding| finding.reason), wanted, "{about}");
        }
    }

    #[test]
    fn a_digest_is_told_whatever_is_wrong_with_it() {
        let bytes = content(|content| *content.at(&[1, 0]) = Hash::Md5.algorithm());
        assert!(parse(&bytes).is_err());
        let (identifier, value) = stated(&bytes).unwrap();
        assert_eq!((identifier.oid, value), (oid::MD5, &[7; 32][..]));
        assert_eq!(stated(&content(|content| drop(content.kids().pop()))), None);
    }
}
