//! The extensions of a certificate, in words (RFC 5280, 4.2).

use super::names;
use crate::hex;
use crate::trust::der::{self, BIT_STRING, BOOLEAN, Cursor, INTEGER, OCTET_STRING, SEQUENCE};
use crate::trust::{oid, x509};
use serde::Serialize;

/// An extension.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) critical: bool,
    pub(super) value: String,
}

/// The bits of keyUsage, the first one first.
const USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// The bits of Netscape Cert Type.
const NETSCAPE: [&str; 8] =
    ["SSL client", "SSL server", "S/MIME", "object signing", "reserved", "SSL CA", "S/MIME CA", "object signing CA"];

impl From<&x509::Extension<'_>> for Extension {
    fn from(extension: &x509::Extension<'_>) -> Self {
        let value = words(extension.id, extension.value).unwrap_or_else(|| names::bytes(extension.value));
        Self { name: names::known(extension.id), critical: extension.critical, value }
    }
}

/// `None` where the value is malformed or of an unknown kind.
fn words(id: &[u8], value: &[u8]) -> Option<String> {
    let inside = |tag| der::sole(value, tag).map(|one| one.value);
    let text = match id {
        oid::BASIC_CONSTRAINTS => basic_constraints(inside(SEQUENCE)?),
        oid::KEY_USAGE => bits(inside(BIT_STRING)?, &USAGES),
        oid::NETSCAPE_CERT_TYPE => bits(inside(BIT_STRING)?, &NETSCAPE),
        oid::EXT_KEY_USAGE | oid::CERTIFICATE_POLICIES => names::all(inside(SEQUENCE)?),
        oid::SUBJECT_KEY_ID => hex::encode(inside(OCTET_STRING)?),
        oid::AUTHORITY_KEY_ID => authority(inside(SEQUENCE)?),
        oid::SUBJECT_ALT_NAME | oid::CRL_DISTRIBUTION_POINTS | oid::AUTHORITY_INFO_ACCESS => names::general(value),
        _ => names::value(Cursor::new(value).any()?),
    };
    Some(text).filter(|text| !text.is_empty())
}

fn basic_constraints(value: &[u8]) -> String {
    let mut fields = Cursor::new(value);
    let ca = fields.take(BOOLEAN).is_some_and(|ca| ca.value != [0]);
    let length = fields.take(INTEGER).map(|length| format!(", at most {} below it", hex_number(length.value)));
    if ca {
        format!("a certificate authority{}", length.unwrap_or_default())
    } else {
        "no certificate authority".into()
    }
}

fn hex_number(value: &[u8]) -> String {
    match value {
        [small] => small.to_string(),
        other => format!("0x{}", hex::encode(other)),
    }
}

fn bits(value: &[u8], names: &[&str]) -> String {
    let bytes = value.get(1..).unwrap_or_default();
    let set = |index: usize| bytes.get(index / 8).is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0);
    let named = names.iter().enumerate().filter(|(index, _)| set(*index)).map(|(_, name)| *name);
    named.collect::<Vec<_>>().join(", ")
}

fn authority(value: &[u8]) -> String {
    let mut fields = Cursor::new(value);
    let key = fields.take(der::context_primitive(0)).map(|id| hex::encode(id.value));
    let issuer = fields.take(der::context(1)).map(|names| names::general(names.value));
    let serial = fields.take(der::context_primitive(2)).map(|serial| format!("serial {}", hex::encode(serial.value)));
    [key, issuer, serial].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
