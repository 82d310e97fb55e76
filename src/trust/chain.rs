//! Certification paths, from the signer's certificate to an anchor.
//!
//! The path is built step by step, as the kernel does it (`pkcs7_verify.c:pkcs7_verify_sig_chain`,
//! `pkcs7_trust.c:pkcs7_validate_trust_one`), so that the kernel accepts every path that is accepted here. `rules` adds the checks of
//! the path's certificates that the kernel does not make.

use super::cert::Certificate;
use super::pkcs7::SignedData;
use super::rules;
use super::store::Anchor;
use crate::digest::Hashed;
use crate::hex;
use crate::prediction;
use crate::reason::{Finding, Reason};

/// The maximum number of steps from a signer up to an anchor; real paths have one or two.
const MAX_STEPS: usize = 8;
/// The maximum number of anchors that are tried for one step. The administrator chose the anchors, so few have the same name.
const MAX_CANDIDATES: usize = 8;

/// A proof: each of these certificates was verified with the next one's key, and the last one is trusted. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct Path {
    certificates: Vec<Certificate>,
    anchor: usize,
}

impl Path {
    /// The signer first, the anchor last. They are the same where the signer itself is trusted.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The anchor's place in the list that was given to [`verify`].
    #[must_use]
    pub const fn anchor(&self) -> usize {
        self.anchor
    }
}

/// Proves that a trusted signer signed this content. `content` is the data whose digest is in messageDigest or, without signed
/// attributes, the data that is signed itself.
///
/// # Errors
/// All findings: first those that the kernel would make, in its order, then those of the checks that only skexec makes.
pub fn verify(message: &SignedData<'_>, content: &Hashed<&[u8]>, anchors: &[Anchor]) -> Result<Path, Vec<Finding>> {
    let judge = Judge { message, content, anchors };
    let mut findings: Vec<Finding> = message.signer.check_content(content).err().into_iter().collect();
    let path = match message.signer_certificate() {
        Some(signer) => judge.through_bag(signer, &mut findings),
        None => judge.directly(&mut findings),
    };
    findings.extend(rules::check(&path.certificates, path.anchor.is_some()));
    match path.anchor {
        Some(anchor) if findings.is_empty() => {
            let certificates = path.certificates.into_iter().cloned().collect();
            Ok(Path { certificates, anchor })
        }
        _ => Err(findings),
    }
}

/// The part of the path that was found.
struct Found<'a> {
    certificates: Vec<&'a Certificate>,
    anchor: Option<usize>,
}

/// Whether a path through the message's certificates may go on to an anchor.
#[derive(PartialEq, Eq)]
enum End {
    Open,
    /// By a self-signed certificate, or a loop.
    Closed,
}

struct Judge<'a> {
    message: &'a SignedData<'a>,
    content: &'a Hashed<&'a [u8]>,
    anchors: &'a [Anchor],
}

impl<'a> Judge<'a> {
    /// The signer's certificate came with the message.
    fn through_bag(&self, signer: &'a Certificate, findings: &mut Vec<Finding>) -> Found<'a> {
        findings.extend(self.check_signing_time(signer).err());
        findings.extend(self.message.signer.check_signature(self.content, signer).err());
        let mut certificates = vec![signer];
        let end = match self.climb(&mut certificates) {
            Ok(end) => end,
            Err(finding) => {
                findings.push(finding);
                return Found { certificates, anchor: None };
            }
        };
        match self.anchor_of(&certificates, &end) {
            Ok(Some((below, anchor, certificate))) => {
                certificates.truncate(below);
                certificates.push(certificate);
                return Found { certificates, anchor: Some(anchor) };
            }
            Ok(None) => findings.push(unknown(&certificates)),
            Err(finding) => findings.push(finding),
        }
        Found { certificates, anchor: None }
    }

    /// The message carries no certificate for its signer: an anchor must be the signer.
    fn directly(&self, findings: &mut Vec<Finding>) -> Found<'a> {
        let named = self.found(|certificate| self.message.signer.id.names(certificate), None);
        let signed = |signer: &Certificate| {
            self.check_signing_time(signer)?;
            self.message.signer.check_signature(self.content, signer)
        };
        match first_good(named, signed) {
            Ok(Some((anchor, certificate))) => {
                return Found { certificates: vec![certificate], anchor: Some(anchor) };
            }
            Ok(None) => findings.push(unknown(&[])),
            Err(finding) => findings.push(finding),
        }
        Found { certificates: Vec::new(), anchor: None }
    }

    /// RFC 5652, 11.3. The clock takes no part, because it may not be set yet.
    fn check_signing_time(&self, signer: &Certificate) -> Result<(), Finding> {
        let time = self.message.signer.attributes.as_ref().and_then(|attributes| attributes.signing_time);
        match time {
            Some(time) if !signer.validity().contains(time) => {
                let validity = signer.validity();
                let seen = format!("{time} is not in {} to {}", validity.not_before, validity.not_after);
                Err(Finding::new(Reason::SigningTime, seen))
            }
            _ => Ok(()),
        }
    }

    /// Follows the certificates of the message upward as far as they go, and verifies each by the next.
    fn climb(&self, path: &mut Vec<&'a Certificate>) -> Result<End, Finding> {
        while let Some(&child) = path.last() {
            if child.is_self_signed() {
                return Ok(End::Closed);
            }
            let Some(issuer) = self.issuer_in_bag(child)? else { return Ok(End::Open) };
            if path.iter().any(|seen| std::ptr::eq(*seen, issuer)) {
                return Ok(End::Closed);
            }
            if child.matches_key_of(issuer).is_err() {
                child.verify_signed_by(issuer)?;
            }
            if path.len() == MAX_STEPS {
                return Err(Finding::new(Reason::PathLength, format!("more than {MAX_STEPS} steps")));
            }
            path.push(issuer);
        }
        Ok(End::Closed)
    }

    /// The issuer by authorityKeyIdentifier: by issuer and serial number if it has them, else by the key's identifier.
    fn issuer_in_bag(&self, child: &Certificate) -> Result<Option<&'a Certificate>, Finding> {
        let Some(authority) = &child.extensions().authority_key_id else { return Ok(None) };
        let mut bag = self.message.certificates.iter();
        let key_id = authority.key_id.as_deref();
        match &authority.issuer_and_serial {
            Some((issuer, serial)) => {
                let Some(found) = bag.find(|other| other.is_named(issuer, serial)) else { return Ok(None) };
                if key_id.is_some() && found.subject_key_id() != key_id {
                    let seen = format!("{} names an issuer and another's key", child.subject());
                    return Err(Finding::new(Reason::CertSignature, seen));
                }
                Ok(Some(found))
            }
            None => Ok(bag.find(|other| key_id.is_some() && other.subject_key_id() == key_id)),
        }
    }

    /// The anchor, its index, and how many certificates are below it.
    fn anchor_of(
        &self,
        path: &[&'a Certificate],
        end: &End,
    ) -> Result<Option<(usize, usize, &'a Certificate)>, Finding> {
        // A certificate on the path may be an anchor itself. Then the anchor's key is trusted, and must verify the certificate
        // below. The message's certificate of that name may have another key, which does not count.
        for (below, certificate) in path.iter().enumerate() {
            let named = |anchor: &Certificate| anchor.is_named(certificate.raw_issuer(), certificate.serial());
            let same = self.found(named, certificate.subject_key_id());
            let child = below.checked_sub(1).and_then(|index| path.get(index));
            let signed = |anchor: &Certificate| match child {
                Some(child) => child.verify_signed_by(anchor),
                None => self.message.signer.check_signature(self.content, anchor),
            };
            if let Some((place, anchor)) = first_good(same, signed)? {
                return Ok(Some((below, place, anchor)));
            }
        }
        match path.last() {
            Some(last) if *end == End::Open => {
                let found = first_good(self.issuers(last), |anchor| last.verify_signed_by(anchor))?;
                Ok(found.map(|(place, anchor)| (path.len(), place, anchor)))
            }
            _ => Ok(None),
        }
    }

    /// The anchors that authorityKeyIdentifier names, by each of its fields. Without it the kernel finds none.
    fn issuers(&self, child: &Certificate) -> Vec<(usize, &'a Certificate)> {
        let Some(authority) = &child.extensions().authority_key_id else { return Vec::new() };
        let key_id = authority.key_id.as_deref();
        match &authority.issuer_and_serial {
            Some((issuer, serial)) => self.found(|anchor| anchor.is_named(issuer, serial), key_id),
            None => self.found(|anchor| key_id.is_some() && anchor.subject_key_id() == key_id, None),
        }
    }

    /// The anchors that a keyring finds by the first of two identifiers (`find_asymmetric_key`). The kernel uses one of them; which
    /// one is unpredictable. It finds no key if that one lacks the second identifier.
    fn found(&self, first: impl Fn(&Certificate) -> bool, second: Option<&[u8]>) -> Vec<(usize, &'a Certificate)> {
        let all = self.anchors.iter().map(|anchor| &anchor.certificate).enumerate();
        let held = all.filter(|(place, anchor)| first(anchor) && !self.is_replaced(*place, anchor));
        let found: Vec<_> = held.take(MAX_CANDIDATES).collect();
        let complete = found.iter().all(|(_, anchor)| second.is_none() || anchor.subject_key_id() == second);
        if complete { found } else { Vec::new() }
    }

    /// Whether a later key replaces this one in a keyring. If key and name are the same, that makes no difference.
    fn is_replaced(&self, place: usize, anchor: &Certificate) -> bool {
        let later = self.anchors.iter().map(|anchor| &anchor.certificate).skip(place.saturating_add(1));
        let another = later.filter(|later| {
            later.public_key() != anchor.public_key() || !later.is_named(anchor.raw_issuer(), anchor.serial())
        });
        // A description ends with this name, so only keys with the same one need their whole descriptions compared.
        let mut alike = another.filter(|later| key_name(later) == key_name(anchor));
        alike.any(|later| {
            let description = prediction::description(later.der());
            description.is_some() && description == prediction::description(anchor.der())
        })
    }
}

/// The part of a key's description that differs between keys of one subject (`x509_key_preparse`).
fn key_name(certificate: &Certificate) -> &[u8] {
    certificate.subject_key_id().unwrap_or(certificate.serial())
}

/// The first candidate that may be an anchor; `None` without candidates; the first candidate's finding if none may. All candidates
/// must pass `check`, because the kernel uses only one of them, and which one is unpredictable.
fn first_good(
    candidates: Vec<(usize, &Certificate)>,
    check: impl Fn(&Certificate) -> Result<(), Finding>,
) -> Result<Option<(usize, &Certificate)>, Finding> {
    candidates.iter().try_for_each(|(_, certificate)| check(certificate))?;
    let mut wrong = None;
    for (place, certificate) in candidates {
        match rules::check_anchor(certificate) {
            Ok(()) => return Ok(Some((place, certificate))),
            Err(finding) => wrong = wrong.or(Some(finding)),
        }
    }
    wrong.map_or(Ok(None), Err)
}

fn unknown(path: &[&Certificate]) -> Finding {
    let Some((signer, top)) = path.first().zip(path.last()) else {
        return Finding::new(Reason::UnknownSigner, "the signer's certificate is neither in the signature nor trusted");
    };
    let key = top.extensions().authority_key_id.as_ref().and_then(|authority| authority.key_id.as_deref());
    let key = key.map_or_else(String::new, |id| format!(" (key {})", hex::encode(id)));
    let seen = format!("{}, issued by {}{key}", signer.subject(), top.issuer());
    Finding::new(Reason::UnknownSigner, seen)
}
