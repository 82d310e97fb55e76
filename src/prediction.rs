//! Predicts what the reference kernel's `kexec_file_load` would answer for a file, given the kernel's keyrings.
//!
//! The reference is Debian's 6.12 on amd64 with Secure Boot, where `sig_enforce` lets the verifier's own errno through.
//! Nothing here is shared with the strict verification of `trust`: this is a second reader of the same bytes, as lenient as the
//! kernel is, so that each of the two can contradict the other. Functions have the names of the kernel's functions that they
//! model. Only a digest of the same ranges of the file is computed once for both.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

mod asn1;
mod blacklist;
mod decoder;
mod ecdsa;
mod errno;
mod extension;
mod hash;
mod keyring;
mod load;
mod mscode;
mod names;
mod oid;
mod pefile;
mod pefile_digest;
mod pkcs7;
mod pkcs7_grammar;
mod pkcs7_trust;
mod pkcs7_verify;
mod probe;
mod public_key;
mod rsa;
mod signer;
mod stop;
mod time;
mod x509;
mod x509_grammar;

pub use stop::Hazard;

use crate::digest::Hashed;
use blacklist::Blacklist;
use errno::Errno;
use keyring::Keyring;
use load::bzimage64_load;
use mscode::mscode_parse;
use pefile::{pefile_parse_binary, pefile_strip_sig_wrapper};
use pefile_digest::{pefile_digest_pe, pefile_digest_pe_contents};
use pkcs7::Message;
use pkcs7_trust::pkcs7_validate_trust;
use pkcs7_verify::pkcs7_verify;
use probe::bzimage64_probe;
use std::collections::BTreeSet;
use stop::Stop;
use x509::Certificate;

/// The content of the kernel's keyrings.
#[derive(Debug, Clone)]
pub struct Keyrings<'a> {
    /// `.platform`: DER certificates, in the order in which the kernel loads them. The kernel keeps the keys of db and MOK there;
    /// `.secondary_trusted_keys` holds no key that signs kernels.
    pub platform: Vec<&'a [u8]>,
    /// `.blacklist`: the entries that the kernel compares with the digest of a TBSCertificate, byte for byte.
    pub blacklist: &'a BTreeSet<Vec<u8>>,
}

/// The kernel's answer, and whether the file crashes kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prediction {
    /// The positive errno, or 0 if the kernel accepts; `None` if the kernel gives no answer.
    pub errno: Option<i32>,
    /// Set where the file crashes the reference kernel, which then gives no answer, or other kernels that are still in use.
    pub hazard: Option<Hazard>,
}

impl Prediction {
    /// The errno's name: `OK`, `EKEYREJECTED`, ...
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.errno.and_then(errno::name)
    }

    fn new(outcome: Result<(), Stop>, elsewhere: Option<Hazard>) -> Self {
        match outcome {
            Ok(()) => Self { errno: Some(0), hazard: elsewhere },
            Err(Stop::Errno(errno)) => Self { errno: Some(errno.number()), hazard: elsewhere },
            Err(Stop::Hazard(hazard)) => Self { errno: None, hazard: Some(hazard) },
        }
    }
}

/// Predicts the answer to `kexec_file_load`.
#[must_use]
pub fn predict<B: AsRef<[u8]>>(file: &Hashed<B>, keyrings: &Keyrings<'_>) -> Prediction {
    let mut elsewhere = None;
    let outcome = kimage_file_prepare_segments(file, keyrings, &mut elsewhere);
    Prediction::new(outcome, elsewhere)
}

/// The description of this DER certificate's key in a keyring. Of two keys with one description, a keyring holds the later. `None`
/// if the kernel cannot load the certificate.
#[must_use]
pub fn description(der: &[u8]) -> Option<Vec<u8>> {
    Certificate::x509_cert_parse(der, der.len(), Blacklist::empty()).ok().map(|certificate| certificate.description)
}

/// `kernel/kexec_file.c:kimage_file_prepare_segments`: read, probe, verify, load. A hazard of other kernels is noted in
/// `elsewhere`.
fn kimage_file_prepare_segments<B: AsRef<[u8]>>(
    file: &Hashed<B>,
    keyrings: &Keyrings<'_>,
    elsewhere: &mut Option<Hazard>,
) -> Result<(), Stop> {
    let bytes = file.bytes();
    if bytes.is_empty() {
        return Err(Errno::Inval.into());
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(Errno::Fbig.into());
    }
    bzimage64_probe(bytes)?;
    *elsewhere = load::header_length(bytes);
    verify_pefile_signature(file, keyrings, elsewhere)?;
    bzimage64_load(bytes)
}

/// `verify_pefile.c:verify_pefile_signature`, as `kernel/kexec_file.c:kexec_kernel_verify_pe_sig` calls it.
fn verify_pefile_signature<B: AsRef<[u8]>>(
    file: &Hashed<B>,
    keyrings: &Keyrings<'_>,
    elsewhere: &mut Option<Hazard>,
) -> Result<(), Stop> {
    let bytes = file.bytes();
    let headers = pefile_parse_binary(bytes)?;
    let (message, claimed) = pefile_strip_sig_wrapper(bytes, &headers)?.of(bytes)?;
    let blacklist = Blacklist::new(keyrings.blacklist);
    let message = Message::pkcs7_parse_message(message, claimed, blacklist)?;
    let content = message.content;
    let verified = pkcs7_verify(message)?;
    let signed = content.ok_or(Errno::Nodata.into()).and_then(|content| mscode_parse(content.whole));
    let ranges = pefile_digest_pe_contents(bytes, &headers);
    // The keys of the real kernel may differ: a kernel that trusts this signer gets this far.
    match (&signed, &ranges) {
        (Ok(_), Err(Stop::Hazard(hazard))) => return Err((*hazard).into()),
        // 6.12.107 checks that the rest is as long as the certificate table; 6.12.95 hashes past the end of the file.
        (Ok(_), Err(Stop::Errno(Errno::Libbad))) => *elsewhere = Some(Hazard::Oops),
        _ => {}
    }
    validate_by_keyrings(&verified, keyrings, blacklist)?;
    let signed = signed?;
    Ok(pefile_digest_pe(file, &ranges?, &signed)?)
}

/// `kexec_kernel_verify_pe_sig` tries `.secondary_trusted_keys` first, which holds no kernel's signer, and `.platform` only when
/// that gives ENOKEY.
fn validate_by_keyrings(
    message: &pkcs7_verify::Verified<'_>,
    keyrings: &Keyrings<'_>,
    blacklist: Blacklist<'_>,
) -> Result<(), Errno> {
    match pkcs7_validate_trust(message, &Keyring::default()) {
        Err(Errno::Nokey) => pkcs7_validate_trust(message, &Keyring::new(keyrings.platform.iter().copied(), blacklist)),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
