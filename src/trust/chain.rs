//! From the signer's certificate to an anchor.
//!
//! The way up is the kernel's, step by step (`pkcs7_verify.c:pkcs7_verify_sig_chain`, `pkcs7_trust.c:pkcs7_validate_trust_one`),
//! so that what is accepted here the kernel accepts too. What it does not ask of the certificates on the way,
//! `rules` asks.

use super::Anchor;
use super::cert::Certificate;
use super::pkcs7::SignedData;
use super::rules;
use crate::hex;
use crate::reason::{Finding, Reason};

/// Steps from a signer up to an anchor; real paths have one or two.
const MAX_STEPS: usize = 8;
/// Anchors that are tried for one step: they are the administrator's own, so there is no reason for many of one name.
const MAX_CANDIDATES: usize = 8;

/// A proof: these certificates were verified, each by the next one's key, and the last is trusted. Only [`verify`] makes one.
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

/// Proves that someone trusted signed this content: `content` is what messageDigest is over, or where there are no
/// attributes what the signature itself is over.
///
/// # Errors
/// Everything that speaks against it, in the order in which the kernel would see it; what the kernel does not look at comes
/// last.
pub fn verify(message: &SignedData<'_>, content: &[u8], anchors: &[Anchor]) -> Result<Path, Vec<Finding>> {
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

/// As far as the way up was found.
struct Found<'a> {
    certificates: Vec<&'a Certificate>,
    anchor: Option<usize>,
}

/// Whether a way through the message's certificates may go on to an anchor.
#[derive(PartialEq, Eq)]
enum End {
    Open,
    /// By a self-signed certificate, or a loop.
    Closed,
}

struct Judge<'a> {
    message: &'a SignedData<'a>,
    content: &'a [u8],
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
        let named = self.candidates(|certificate| self.message.signer.id.names(certificate));
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

    /// RFC 5652, 11.3; the clock is not asked, for it may not be set yet.
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

    /// The anchor, its place, and how many certificates stand below it.
    fn anchor_of(
        &self,
        path: &[&'a Certificate],
        end: &End,
    ) -> Result<Option<(usize, usize, &'a Certificate)>, Finding> {
        // A certificate on the way may be an anchor itself. What is trusted is the anchor's key, whatever the message says
        // under the same name: so it must verify what stands below.
        for (below, certificate) in path.iter().enumerate() {
            let same = self.candidates(|anchor| is_same(anchor, certificate));
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
                let issuers = self.candidates(|anchor| is_issuer(anchor, last));
                let found = first_good(issuers, |anchor| last.verify_signed_by(anchor))?;
                Ok(found.map(|(place, anchor)| (path.len(), place, anchor)))
            }
            _ => Ok(None),
        }
    }

    /// The anchors that are wanted, less those that a keyring would not hold beside a later one.
    fn candidates(&self, wanted: impl Fn(&Certificate) -> bool) -> Vec<(usize, &'a Certificate)> {
        let all = || self.anchors.iter().map(|anchor| &anchor.certificate).enumerate();
        let replaced =
            |place, earlier| all().any(|(later, certificate)| later > place && replaces(certificate, earlier));
        all()
            .filter(|(place, certificate)| wanted(certificate) && !replaced(*place, certificate))
            .take(MAX_CANDIDATES)
            .collect()
    }
}

/// Of two keys of one description, the subject and an identifier, a keyring holds the later (`x509_key_preparse`). It is
/// all the same where they are one key and are found by the same names.
fn replaces(later: &Certificate, earlier: &Certificate) -> bool {
    let same_id =
        later.subject_key_id().unwrap_or(later.serial()) == earlier.subject_key_id().unwrap_or(earlier.serial());
    let differ = later.public_key() != earlier.public_key() || !later.is_named(earlier.raw_issuer(), earlier.serial());
    later.raw_subject() == earlier.raw_subject() && same_id && differ
}

/// The first candidate that may be an anchor; nothing if there is no candidate; what is wrong with the first if none may.
/// Each must pass the check: the kernel takes one, nobody knows which, and tries no other.
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

/// Whether the kernel would take that key for this certificate: by issuer and serial number, and the key's identifier if
/// there is one (`find_asymmetric_key`).
fn is_same(anchor: &Certificate, certificate: &Certificate) -> bool {
    anchor.is_named(certificate.raw_issuer(), certificate.serial())
        && (certificate.subject_key_id().is_none() || anchor.subject_key_id() == certificate.subject_key_id())
}

/// Whether authorityKeyIdentifier names that anchor, in every way in which it names someone. Without it the kernel finds
/// nobody.
fn is_issuer(anchor: &Certificate, child: &Certificate) -> bool {
    let Some(authority) = &child.extensions().authority_key_id else { return false };
    let by_key = authority.key_id.as_deref().map(|id| anchor.subject_key_id() == Some(id));
    let by_name = authority.issuer_and_serial.as_ref().map(|(issuer, serial)| anchor.is_named(issuer, serial));
    (by_key.is_some() || by_name.is_some()) && by_key != Some(false) && by_name != Some(false)
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
