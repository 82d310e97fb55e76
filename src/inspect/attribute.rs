//! The attributes of a signer, in words.

use super::message::{self, Attribute, Message};
use super::names;
use crate::trust::der::{self, Cursor, SEQUENCE, Tlv};
use crate::trust::{oid, rfc3339, time};
use serde::Serialize;

const SMIME_CAPABILITIES: &str = "smimeCapabilities";

/// A name and its value.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: String,
}

impl From<&Attribute<'_>> for Named {
    fn from(attribute: &Attribute<'_>) -> Self {
        let name = names::known(attribute.id);
        let value = Cursor::new(attribute.values).any();
        let value = value.map(|value| words(attribute.id, &name, value)).unwrap_or_default();
        Self { name, value }
    }
}

fn words(id: &[u8], name: &str, value: Tlv<'_>) -> String {
    match id {
        oid::SIGNING_TIME => time::seconds(value).and_then(rfc3339).unwrap_or_else(|| names::value(value)),
        oid::SPC_OPUS_INFO => opus(value),
        oid::SPC_STATEMENT_TYPE => names::all(value.value),
        _ if name == SMIME_CAPABILITIES => names::all(value.value),
        _ if message::claimed_by(value.raw) => nested(value.raw),
        _ => names::value(value),
    }
}

/// SpcSpOpusInfo: the name of the program, and where more is said about it. Both may be missing.
fn opus(value: Tlv<'_>) -> String {
    let Some(mut fields) = der::sole(value.raw, SEQUENCE).map(|it| Cursor::new(it.value)) else { return String::new() };
    // A name has [0] with two bytes a letter, or [1] with one; a link is a URL.
    let program = fields.enter(der::context(0)).and_then(|mut choice| choice.any()).map(|text| match text.tag {
        0x80 => names::utf16(text.value),
        _ => String::from_utf8_lossy(text.value).into_owned(),
    });
    let link = fields.enter(der::context(1)).and_then(|mut choice| choice.any());
    let link = link.map(|text| String::from_utf8_lossy(text.value).into_owned());
    [program, link].into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A message within a message: a time stamp, or another signature.
fn nested(raw: &[u8]) -> String {
    match Message::parse(raw) {
        Some(message) => format!("a message of {} bytes about {}", raw.len(), names::known(message.content_type)),
        None => names::bytes(raw),
    }
}
