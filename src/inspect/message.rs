//! A PKCS#7 message as it is, without any rule of skexec or the kernel: what is refused shall be seen, too.

use crate::trust::algorithm::Identifier;
use crate::trust::der::{self, Cursor, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv};
use crate::trust::oid;

/// The most certificates, signers and attributes that are looked at.
const MOST: usize = 64;

/// The fields of a SignedData.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    pub(super) content_type: &'a [u8],
    /// The element in eContent.
    pub(super) content: Option<Tlv<'a>>,
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signers: Vec<Signer<'a>>,
}

/// A SignerInfo.
#[derive(Debug, Clone)]
pub(super) struct Signer<'a> {
    pub(super) id: Id<'a>,
    pub(super) digest: Identifier<'a>,
    pub(super) signed: Vec<Attribute<'a>>,
    pub(super) scheme: Identifier<'a>,
    pub(super) unsigned: Vec<Attribute<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Id<'a> {
    /// The issuer's name and the serial number.
    Named(Tlv<'a>, &'a [u8]),
    Key(&'a [u8]),
}

/// The type of an attribute, and its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) id: &'a [u8],
    pub(super) values: &'a [u8],
}

/// Whether bytes start like a ContentInfo with a SignedData.
pub(super) fn claimed_by(bytes: &[u8]) -> bool {
    let first = bytes.get(..24).unwrap_or(bytes);
    first.first() == Some(&SEQUENCE) && first.windows(oid::SIGNED_DATA.len()).any(|part| part == oid::SIGNED_DATA)
}

impl<'a> Message<'a> {
    /// Bytes behind the message are ignored.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Cursor::new(bytes).enter(SEQUENCE)?;
        info.take(OID).filter(|kind| kind.value == oid::SIGNED_DATA)?;
        let mut fields = info.enter(der::context(0))?.enter(SEQUENCE)?;
        fields.take(INTEGER)?;
        fields.take(SET)?;
        let mut encapsulated = fields.enter(SEQUENCE)?;
        let content_type = encapsulated.take(OID)?.value;
        let content = encapsulated.enter(der::context(0)).and_then(|mut inner| inner.any());
        let certificates = fields.enter(der::context(0)).map(|set| elements(set, |one| Some(one.raw)));
        fields.take(der::context(1));
        let signers = elements(fields.enter(SET)?, |signer| Signer::parse(Cursor::new(signer.value)));
        Some(Self { content_type, content, certificates: certificates.unwrap_or_default(), signers })
    }
}

impl<'a> Signer<'a> {
    pub(super) fn parse(mut fields: Cursor<'a>) -> Option<Self> {
        fields.take(INTEGER)?;
        let id = match fields.enter(SEQUENCE) {
            Some(mut named) => Id::Named(named.take(SEQUENCE)?, named.take(INTEGER)?.value),
            None => Id::Key(fields.take(der::context_primitive(0))?.value),
        };
        let digest = Identifier::take(&mut fields)?;
        let signed = fields.enter(der::context(0)).map(attributes).unwrap_or_default();
        let scheme = Identifier::take(&mut fields)?;
        fields.take(OCTET_STRING)?;
        let unsigned = fields.enter(der::context(1)).map(attributes).unwrap_or_default();
        Some(Self { id, digest, signed, scheme, unsigned })
    }
}

fn attributes(list: Cursor<'_>) -> Vec<Attribute<'_>> {
    elements(list, |one| {
        let mut fields = Cursor::new(one.value);
        Some(Attribute { id: fields.take(OID)?.value, values: fields.take(SET)?.value })
    })
}

fn elements<'a, T>(mut list: Cursor<'a>, read: impl Fn(Tlv<'a>) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    while let Some(element) = list.any().filter(|_| found.len() < MOST) {
        let Some(read) = read(element) else { break };
        found.push(read);
    }
    found
}
