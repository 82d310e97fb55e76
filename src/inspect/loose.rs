//! Certificates, signature lists and signatures in files of their own.

use super::Anchors;
use super::certificate::Certificate;
use super::lists::{self, List};
use super::message;
use super::signature::Signature;
use super::tree::Node;
use crate::gather::content;
use crate::image::{Format, Parsed};
use crate::trust::appended::Appended;
use crate::trust::der::{Cursor, SEQUENCE};
use crate::trust::detached;
use crate::trust::pkcs7::Profile;
use serde::Serialize;
use std::borrow::Cow;

/// The most certificates of a file: a bundle of TLS authorities has 150.
const MOST: usize = 1024;

/// What a file of none of the formats of `image` holds.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Loose {
    certificates: Vec<Certificate>,
    signature_lists: Vec<List>,
    #[serde(skip)]
    format: Option<&'static str>,
    #[serde(skip)]
    problem: Option<String>,
    /// The message of a file that is a signature.
    #[serde(skip)]
    message: Option<Vec<u8>>,
}

impl Loose {
    pub(super) fn of(file: &Parsed<&[u8]>) -> Self {
        let bytes = file.bytes();
        if file.format() != Format::Unknown {
            return Self::default();
        }
        if let Some(lists) = lists::of(bytes) {
            let (signature_lists, problem) = match lists {
                Ok(lists) => (lists, None),
                Err(what) => (Vec::new(), Some(what)),
            };
            return Self { format: Some("signature-list"), signature_lists, problem, ..Self::default() };
        }
        if let Some(message) = detached_message(bytes) {
            return Self { format: Some("signature"), message: Some(message.into_owned()), ..Self::default() };
        }
        match content::ders(bytes) {
            Ok(found) if found.first().is_some_and(|der| looks_like_one(der)) => {
                let certificates = found.iter().take(MOST).map(|der| Certificate::of(der)).collect();
                Self { format: Some("certificate"), certificates, ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    pub(super) const fn format(&self) -> Option<&'static str> {
        self.format
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    /// The signature that the file is, or that stands at the end of a file that is no PE.
    pub(super) fn signatures(&self, bytes: &[u8], anchors: Anchors<'_>) -> Vec<Signature> {
        if let Some(message) = &self.message {
            return vec![Signature::read("detached", Profile::Detached, message, anchors)];
        }
        match Appended::split(bytes) {
            Ok(Some(split)) => vec![Signature::read("appended", Profile::Appended, split.message, anchors)],
            _ => Vec::new(),
        }
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        let certificates = self.certificates.iter().map(|one| one.node("certificate"));
        certificates.chain(self.signature_lists.iter().map(List::node)).collect()
    }
}

fn detached_message(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    // Only text with a marker near its start may be PEM: any other file need not be searched.
    let armoured = || bytes.starts_with(b"-----BEGIN PKCS7-----") || bytes.starts_with(b"-----BEGIN CMS-----");
    (message::claimed_by(bytes) || armoured())
        .then(|| detached::message(bytes).ok())
        .flatten()
        .filter(|message| message::claimed_by(message))
}

/// A SEQUENCE that starts with a SEQUENCE, as a certificate does.
fn looks_like_one(der: &[u8]) -> bool {
    Cursor::new(der).enter(SEQUENCE).is_some_and(|mut inner| inner.take(SEQUENCE).is_some())
}
