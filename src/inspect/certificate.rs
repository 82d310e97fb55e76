//! A certificate as `inspect` shows it, also one that skexec or the kernel would refuse.

use super::extension::Extension;
use super::names;
use super::tree::Node;
use crate::digest::sha256;
use crate::hex;
use crate::trust::algorithm::Identifier;
use crate::trust::cert;
use crate::trust::der::{self, Cursor, SEQUENCE, Tlv};
use crate::trust::signature::PublicKey;
use crate::trust::{name, rfc3339, time, x509};
use serde::Serialize;

/// What a certificate says.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    /// In hexadecimal, as are the digests.
    pub(super) serial: String,
    not_before: Option<String>,
    not_after: Option<String>,
    /// The kind and the size of its key, such as `RSA-2048`.
    pub(super) key: String,
    /// How it was signed.
    algorithm: String,
    pub(super) sha256: String,
    key_sha256: Option<String>,
    extensions: Vec<Extension>,
    /// Why skexec refuses it.
    problem: Option<String>,
}

impl Certificate {
    pub(super) fn of(der: &[u8]) -> Self {
        let problem = cert::Certificate::parse(der).err().map(|finding| finding.to_string());
        let sha256 = hex::encode(&sha256(&[der]));
        match x509::split(der) {
            Ok(fields) => Self::read(&fields, sha256, problem),
            Err(what) => Self::unreadable(sha256, what),
        }
    }

    fn read(fields: &x509::Fields<'_>, hash: String, problem: Option<String>) -> Self {
        Self {
            subject: name::text(fields.subject.raw),
            issuer: name::text(fields.issuer.raw),
            serial: hex::encode(fields.serial),
            not_before: moment(fields.not_before),
            not_after: moment(fields.not_after),
            key: key(fields.key),
            algorithm: names::known(fields.algorithm.oid),
            sha256: hash,
            key_sha256: Some(hex::encode(&sha256(&[fields.key]))),
            extensions: fields.extensions.iter().map(Extension::from).collect(),
            problem,
        }
    }

    fn unreadable(sha256: String, what: &str) -> Self {
        let unknown = || "(cannot be read)".to_owned();
        Self {
            subject: unknown(),
            issuer: unknown(),
            serial: String::new(),
            not_before: None,
            not_after: None,
            key: unknown(),
            algorithm: unknown(),
            sha256,
            key_sha256: None,
            extensions: Vec::new(),
            problem: Some(what.to_owned()),
        }
    }

    pub(super) fn valid(&self) -> String {
        let moment = |time: &Option<String>| time.clone().unwrap_or_else(|| "?".to_owned());
        format!("{} to {}", moment(&self.not_before), moment(&self.not_after))
    }

    /// What stands below its subject.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let own = self.subject == self.issuer;
        let issuer = if own { "itself".to_owned() } else { self.issuer.clone() };
        let mut nodes = vec![
            Node::new("issuer", issuer),
            Node::new("valid", self.valid()),
            Node::new("key", format!("{}, signed with {}", self.key, self.algorithm)),
            Node::new("serial", &self.serial).detail(),
            Node::new("sha256", &self.sha256),
        ];
        nodes.extend(Node::of("key-id", self.key_sha256.as_ref()).map(Node::detail));
        nodes.extend(Node::of("problem", self.problem.as_ref()));
        nodes.extend(self.extensions.iter().map(|one| {
            let critical = if one.critical { " (critical)" } else { "" };
            Node::new(&one.name, format!("{}{critical}", one.value)).detail()
        }));
        nodes
    }

    pub(super) fn node(&self, key: &str) -> Node {
        Node::new(key, &self.subject).with(self.nodes())
    }
}

fn moment(time: Tlv<'_>) -> Option<String> {
    time::seconds(time).and_then(rfc3339)
}

/// The kind and the size of a key; of one that skexec does not know, the name of its algorithm.
fn key(info: &[u8]) -> String {
    PublicKey::parse(info).map_or_else(
        |_| {
            let mut fields = Cursor::new(der::sole(info, SEQUENCE).map(|info| info.value).unwrap_or_default());
            Identifier::take(&mut fields).map_or_else(|| "?".to_owned(), |algorithm| names::known(algorithm.oid))
        },
        |key| key.name(),
    )
}
