//! Where the certificates of a message lead: to their issuers, and to a certificate of this machine.
//!
//! Here the signature itself is not verified, and no rule of `trust` is applied: that is for `skexec verify`.

use super::message::{Id, Message, Signer};
use crate::trust::Anchor;
use crate::trust::cert::Certificate;

/// The most steps; real chains have two or three.
const MOST: usize = 8;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// From the signer upward, as far as the message has them.
    pub(super) chain: Vec<Certificate>,
    pub(super) anchor: Option<&'a Anchor>,
}

pub(super) fn of<'a>(message: &Message<'_>, signer: &Signer<'_>, anchors: &'a [Anchor]) -> Found<'a> {
    let bag: Vec<_> = message.certificates.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
    let chain = bag.iter().find(|one| names(signer, one)).map(|first| climb(first, &bag)).unwrap_or_default();
    let anchor = match chain.as_slice() {
        [] => anchors.iter().find(|anchor| names(signer, &anchor.certificate)),
        chain => chain.iter().find_map(|one| above(one, anchors)),
    };
    Found { chain, anchor }
}

fn names(signer: &Signer<'_>, certificate: &Certificate) -> bool {
    match signer.id {
        Id::Named(issuer, serial) => certificate.is_named(issuer.value, serial),
        Id::Key(id) => certificate.subject_key_id() == Some(id),
    }
}

/// The certificate itself or its issuer, among those of this machine.
fn above<'a>(one: &Certificate, anchors: &'a [Anchor]) -> Option<&'a Anchor> {
    let same = anchors.iter().find(|anchor| anchor.certificate.der() == one.der());
    same.or_else(|| anchors.iter().find(|anchor| issued(&anchor.certificate, one)))
}

fn climb(first: &Certificate, bag: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![first.clone()];
    while let Some(last) = chain.last().filter(|last| !last.is_self_signed() && chain.len() < MOST) {
        let issuer = bag.iter().find(|other| issued(other, last) && !chain.iter().any(|one| one.der() == other.der()));
        let Some(issuer) = issuer.cloned() else { break };
        chain.push(issuer);
    }
    chain
}

/// Whether a certificate was signed with the key of another, by name and by key. Names are compared first, because keys take time.
fn issued(issuer: &Certificate, one: &Certificate) -> bool {
    issuer.raw_subject() == one.raw_issuer() && one.verify_signed_by(issuer).is_ok()
}
