//! Time stamps beside a signature: when another signer says that it saw the signature. Neither kernels nor skexec use them.

use super::certificate::Certificate;
use super::message::{Attribute, Id, Message, Signer};
use super::names;
use super::tree::Node;
use crate::hex;
use crate::trust::der::{Cursor, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, Tlv};
use crate::trust::{name, oid, rfc3339, time};
use serde::Serialize;

/// What a time stamp claims.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Timestamp {
    /// `rfc3161` or `countersignature`.
    kind: &'static str,
    time: Option<String>,
    /// The issuer and the serial number of the signer's certificate.
    issuer: Option<String>,
    serial: Option<String>,
    digest_algorithm: String,
    certificates: Vec<Certificate>,
}

impl Timestamp {
    /// `None` for an attribute of another kind.
    pub(super) fn of(attribute: &Attribute<'_>) -> Option<Self> {
        let value = Cursor::new(attribute.values).any()?;
        match names::known(attribute.id).as_str() {
            "timestamp" | "timeStampToken" => Self::token(value.raw),
            "countersignature" => {
                let signer = Signer::parse(Cursor::new(value.value))?;
                let own = signer.signed.iter().find(|one| one.id == oid::SIGNING_TIME);
                let moment = own.and_then(|one| Cursor::new(one.values).any());
                Some(Self::by(&signer, "countersignature", moment, Vec::new()))
            }
            _ => None,
        }
    }

    fn token(raw: &[u8]) -> Option<Self> {
        let message = Message::parse(raw)?;
        let signer = message.signers.first()?;
        let info = message.content.filter(|content| content.tag == OCTET_STRING).map(|content| content.value);
        let certificates = message.certificates.iter().map(|der| Certificate::of(der)).collect();
        Some(Self::by(signer, "rfc3161", info.and_then(general_time), certificates))
    }

    fn by(signer: &Signer<'_>, kind: &'static str, moment: Option<Tlv<'_>>, certificates: Vec<Certificate>) -> Self {
        let (issuer, serial) = match signer.id {
            Id::Named(issuer, serial) => (Some(name::text(issuer.raw)), Some(hex::encode(serial))),
            Id::Key(_) => (None, None),
        };
        let time = moment.and_then(readable);
        Self { kind, time, issuer, serial, digest_algorithm: names::known(signer.digest.oid), certificates }
    }

    pub(super) fn node(&self) -> Node {
        let time = self.time.clone().unwrap_or_else(|| "at a time that cannot be read".to_owned());
        let mut below = vec![Node::new("kind", format!("{}, {}", self.kind, self.digest_algorithm))];
        below.extend(Node::of("issuer", self.issuer.as_ref()));
        below.extend(Node::of("serial", self.serial.as_ref()));
        below.extend(self.certificates.iter().map(|one| one.node("certificate").detail()));
        Node::new("timestamp", time).with(below)
    }
}

/// TSTInfo (RFC 3161, 2.4.2), up to genTime.
fn general_time(info: &[u8]) -> Option<Tlv<'_>> {
    let mut fields = Cursor::new(info).enter(SEQUENCE)?;
    fields.take(INTEGER)?;
    fields.take(OID)?;
    fields.take(SEQUENCE)?;
    fields.take(INTEGER)?;
    fields.take(GENERALIZED_TIME)
}

/// genTime has four digits of a year and may have fractions of a second, which certificates must not have.
fn readable(moment: Tlv<'_>) -> Option<String> {
    if let Some(seconds) = time::seconds(moment) {
        return rfc3339(seconds);
    }
    let text = std::str::from_utf8(moment.value).ok().filter(|text| text.is_ascii())?;
    let part =
        |range: std::ops::Range<usize>| text.get(range).filter(|part| part.bytes().all(|it| it.is_ascii_digit()));
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12)?, part(12..14)?);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}
