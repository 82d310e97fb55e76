//! PKCS#7 SignedData (RFC 2315, RFC 5652), parsed from its raw bytes.
//!
//! A [`SignedData`] is an allegation: its structure fits its profile, but nothing in it was verified. Only
//! [`chain::verify`](super::chain::verify) makes a proof of it.

use super::cert::Certificate;
use super::der::{self, Cursor, INTEGER, OID, SEQUENCE, SET};
use super::oid;
pub use super::profile::Profile;
use super::signer::{Context, SignerInfo};
use crate::reason::{Finding, Reason};

/// The maximum number of certificates, more than any signer needs; parsing each one takes time.
const MAX_CERTIFICATES: usize = 32;
/// The longest message that the kernel reads (`verify_pefile_strip_sig_wrapper`): the length has at most two bytes.
const LONGEST_LENGTH: u8 = 0x82;

/// A signed message with one signer.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    /// The profile that it was parsed by.
    pub profile: Profile,
    /// The content's value, without tag and length; its digest is in messageDigest. `None` if the content is not in the message.
    pub content: Option<&'a [u8]>,
    /// The certificates that came with it, in their order; none of them was verified.
    pub certificates: Vec<Certificate>,
    /// The only signer.
    pub signer: SignerInfo<'a>,
}

impl<'a> SignedData<'a> {
    /// Parses a message. For [`Profile::Authenticode`], this is the body of a WIN_CERTIFICATE, which may end with up to seven zeros of
    /// padding.
    ///
    /// # Errors
    /// The first rule that the message breaks.
    pub fn parse(profile: Profile, bytes: &'a [u8]) -> Result<Self, Finding> {
        let message = message(profile, bytes)?;
        der::check(message)?;
        let mut fields = signed_data(message).ok_or_else(|| malformed("not the ContentInfo of a SignedData"))?;
        let version = version(&mut fields)?;
        let digest_algorithms = fields.take(SET).ok_or_else(|| malformed("no digestAlgorithms"))?.value;
        let (content_type, content) = content(&mut fields, profile)?;
        let certificates = match fields.take(der::context(0)) {
            Some(set) => certificates(set.value)?,
            None => Vec::new(),
        };
        if fields.take(der::context(1)).is_some() {
            return Err(malformed("it carries revocation lists"));
        }
        let signers = fields.take(SET).filter(|_| fields.is_empty()).ok_or_else(|| malformed("no signerInfos"))?;
        let context = Context { profile, version, digest_algorithms, content_type };
        let signer = SignerInfo::parse(only_signer(signers.value)?, context)?;
        Ok(Self { profile, content, certificates, signer })
    }

    /// The certificate that the message carries for its signer: the first that has the name, as in the kernel
    /// (`pkcs7_find_key`).
    #[must_use]
    pub fn signer_certificate(&self) -> Option<&Certificate> {
        self.certificates.iter().find(|certificate| self.signer.id.names(certificate))
    }
}

fn malformed(what: &str) -> Finding {
    Finding::new(Reason::Pkcs7, what)
}

/// The message without the padding that may follow it.
fn message(profile: Profile, bytes: &[u8]) -> Result<&[u8], Finding> {
    match bytes {
        [SEQUENCE, length, ..] if *length > LONGEST_LENGTH => return Err(Reason::Pkcs7Size.into()),
        [SEQUENCE, ..] => {}
        _ => return Err(malformed("it does not start with a SEQUENCE")),
    }
    let (message, padding) = match der::split(bytes) {
        Ok((message, padding)) => (message.raw, padding),
        Err(der::OVERRUN) if profile == Profile::Authenticode => {
            return Err(Finding::new(Reason::WinCertLength, "the PKCS#7 message is longer"));
        }
        Err(what) => return Err(Finding::new(Reason::Der, what)),
    };
    let padded = profile == Profile::Authenticode && padding.len() < 8 && padding.iter().all(|byte| *byte == 0);
    if padding.is_empty() || padded {
        return Ok(message);
    }
    Err(Finding::new(Reason::Pkcs7Trailing, format!("{} bytes", padding.len())))
}

/// ContentInfo (RFC 5652, 3), down to the fields of SignedData.
fn signed_data(message: &[u8]) -> Option<Cursor<'_>> {
    let mut fields = Cursor::new(der::sole(message, SEQUENCE)?.value);
    fields.take(OID).filter(|kind| kind.value == oid::SIGNED_DATA)?;
    let content = fields.take(der::context(0)).filter(|_| fields.is_empty())?;
    der::sole(content.value, SEQUENCE).map(|data| Cursor::new(data.value))
}

fn version(fields: &mut Cursor<'_>) -> Result<u8, Finding> {
    match fields.take(INTEGER).map(|version| version.value) {
        Some([version @ (1 | 3)]) => Ok(*version),
        _ => Err(malformed("unknown version of SignedData")),
    }
}

/// encapContentInfo (RFC 5652, 5.2): the type, and the value of the content if the profile demands one.
fn content<'a>(fields: &mut Cursor<'a>, profile: Profile) -> Result<(&'a [u8], Option<&'a [u8]>), Finding> {
    let mut info = fields.enter(SEQUENCE).ok_or_else(|| malformed("no encapContentInfo"))?;
    let kind = info.take(OID).ok_or_else(|| malformed("no content type"))?.value;
    let wanted = if profile == Profile::Authenticode { oid::SPC_INDIRECT_DATA } else { oid::DATA };
    if kind != wanted {
        let seen = format!("{}, wanted {}", oid::dotted(kind), oid::dotted(wanted));
        return Err(Finding::new(Reason::ContentType, seen));
    }
    let wrapped = info.take(der::context(0));
    if !info.is_empty() {
        return Err(malformed("something follows the content"));
    }
    match (profile, wrapped) {
        (Profile::Authenticode, Some(wrapped)) => {
            let content = der::sole(wrapped.value, SEQUENCE);
            let content = content.ok_or_else(|| Finding::new(Reason::Spc, "the content is no SEQUENCE"))?;
            Ok((kind, Some(content.value)))
        }
        (Profile::Authenticode, None) => Err(malformed("there is no content")),
        (_, None) => Ok((kind, None)),
        (_, Some(_)) => Err(malformed("it contains a content, and a detached or appended signature must not")),
    }
}

/// Every certificate must parse, because the kernel refuses a message with one that does not (`pkcs7_extract_cert`).
fn certificates(set: &[u8]) -> Result<Vec<Certificate>, Finding> {
    let mut elements = Cursor::new(set);
    let mut all = Vec::new();
    while let Some(element) = elements.any() {
        let number = all.len().saturating_add(1);
        if number > MAX_CERTIFICATES {
            return Err(Finding::new(Reason::BagCertificate, format!("there are more than {MAX_CERTIFICATES}")));
        }
        let certificate = Certificate::parse(element.raw)
            .map_err(|finding| Finding::new(Reason::BagCertificate, format!("certificate {number}: {finding}")))?;
        all.push(certificate);
    }
    Ok(all)
}

/// Requires a single signer, so that the signer is unambiguous. The kernel would accept one trusted signer among several.
fn only_signer(set: &[u8]) -> Result<&[u8], Finding> {
    let mut signers = Cursor::new(set);
    let signer = signers.take(SEQUENCE).ok_or_else(|| malformed("it has no signer"))?;
    if signers.is_empty() { Ok(signer.value) } else { Err(Reason::MultiSigner.into()) }
}
