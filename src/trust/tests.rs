//! Valid and invalid messages of the forge, through the parser and the chain.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod apart;
mod attributes;
mod certificates;
mod keys;
mod messages;
mod paths;

use super::cert::Certificate;
use super::chain;
use super::pkcs7::{Profile, SignedData};
use super::store::Anchor;
use crate::digest::Hashed;
use crate::reason::Reason;

fn anchor(der: &[u8]) -> Anchor {
    Anchor { certificate: Certificate::parse(der).unwrap(), source: String::new() }
}

fn root() -> Vec<Anchor> {
    vec![anchor(&forge::root_der())]
}

/// The subjects on the path of an Authenticode message, or the reasons against it.
fn verdict(message: &[u8], anchors: &[Anchor]) -> Result<Vec<String>, Vec<Reason>> {
    let message = SignedData::parse(Profile::Authenticode, message).map_err(|finding| vec![finding.reason])?;
    let content = message.content.unwrap();
    subjects(chain::verify(&message, &Hashed::new(content), anchors))
}

fn subjects(outcome: Result<chain::Path, Vec<crate::reason::Finding>>) -> Result<Vec<String>, Vec<Reason>> {
    match outcome {
        Ok(path) => Ok(path.certificates().iter().map(Certificate::subject).collect()),
        Err(findings) => Err(findings.into_iter().map(|finding| finding.reason).collect()),
    }
}
