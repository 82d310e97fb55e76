//! What the reference kernel's `kexec_file_load` would answer for the same bytes, trust and revocations.
//!
//! The reference is Debian's 6.12 on amd64 with Secure Boot, where `sig_enforce` lets the verifier's own errno through.
//! Nothing here is shared with the strict verification: it is a second reader of the same bytes, as lenient as the
//! kernel is, so that each of the two can contradict the other. Only where both chose the very same bytes of the image,
//! their digest is computed once.

mod anchor;
mod asn1;
mod blacklist;
mod contents;
mod curve;
mod decoder;
mod ecdsa;
mod errno;
mod extension;
mod hash;
mod key;
mod keyring;
mod load;
mod mscode;
mod names;
mod oid;
mod pefile;
mod pkcs7;
mod pkcs7_grammar;
mod probe;
mod rsa;
mod signer;
mod time;
mod verify;
mod x509;
mod x509_grammar;

use super::Trust;
use super::digest::Sums;
use blacklist::Blacklist;
use errno::Errno;
use keyring::Keyring;
use pkcs7::Message;

/// Why a file must not be given to a kernel whatever the options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hazard {
    /// The kernel's parser reads or writes outside of its memory.
    Oops,
}

impl Hazard {
    /// The name as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oops => "oops",
        }
    }
}

/// The kernel's answer, and what the file does to kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prediction {
    /// The positive errno, 0 where the kernel accepts; nothing where it comes to no answer.
    pub errno: Option<i32>,
    /// What the file does to this kernel, which then gives no answer, or to others that are still about.
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

/// What ends the kernel's work on a file before it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Errno(Errno),
    Hazard(Hazard),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Hazard> for Stop {
    fn from(hazard: Hazard) -> Self {
        Self::Hazard(hazard)
    }
}

/// Predicts the answer to `kexec_file_load`.
#[must_use]
pub fn predict(bytes: &[u8], trust: &Trust) -> Prediction {
    predict_with(bytes, trust, &Sums::default())
}

/// The same for who computes digests of the file, too.
pub(super) fn predict_with<'a>(bytes: &'a [u8], trust: &Trust, sums: &Sums<'a>) -> Prediction {
    let mut elsewhere = None;
    let outcome = judge(bytes, trust, sums, &mut elsewhere);
    Prediction::new(outcome, elsewhere)
}

/// `kernel/kexec_file.c:kimage_file_prepare_segments`: read, probe, verify, load. What only other kernels suffer from is
/// noted `elsewhere`.
fn judge<'a>(bytes: &'a [u8], trust: &Trust, sums: &Sums<'a>, elsewhere: &mut Option<Hazard>) -> Result<(), Stop> {
    if bytes.is_empty() {
        return Err(Errno::Inval.into());
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(Errno::Fbig.into());
    }
    probe::bzimage64(bytes)?;
    *elsewhere = load::header_length(bytes);
    verify_image(bytes, trust, sums, elsewhere)?;
    load::bzimage64(bytes)
}

/// `kernel/kexec_file.c:kexec_kernel_verify_pe_sig`, over `verify_pefile.c:verify_pefile_signature`.
fn verify_image<'a>(
    bytes: &'a [u8],
    trust: &Trust,
    sums: &Sums<'a>,
    elsewhere: &mut Option<Hazard>,
) -> Result<(), Stop> {
    let headers = pefile::parse(bytes)?;
    let wrapped = pefile::strip_wrapper(bytes, &headers)?;
    let blacklist = Blacklist::new(&trust.revocations);
    let (message, claimed) = wrapped.of(bytes)?;
    let message = Message::parse(message, claimed, &blacklist)?;
    let content = message.content;
    let verified = verify::message(message)?;
    let image = content.ok_or(Errno::Nodata.into()).and_then(|content| mscode::parse(content.whole));
    let pieces = contents::pieces(bytes, &headers);
    // Which keys a kernel holds, nobody here knows for certain: one that trusts this signer comes this far.
    match (&image, &pieces) {
        (Ok(_), Err(Stop::Hazard(hazard))) => return Err((*hazard).into()),
        // 6.12.107 looks whether the certificate table is what is left; 6.12.95 hashes on past the end of the file.
        (Ok(_), Err(Stop::Errno(Errno::Libbad))) => *elsewhere = Some(Hazard::Oops),
        _ => {}
    }
    vouched(&verified, trust, &blacklist)?;
    let image = image?;
    Ok(contents::compare(&pieces?, &image, sums)?)
}

/// `.secondary_trusted_keys` first, in which no kernel's signer is; `.platform` only when that gives ENOKEY.
fn vouched(message: &verify::Verified<'_>, trust: &Trust, blacklist: &Blacklist) -> Result<(), Errno> {
    match anchor::validate(message, &Keyring::default()) {
        Err(Errno::Nokey) => {
            let certificates = trust.anchors.iter().map(|anchor| anchor.certificate.der());
            anchor::validate(message, &Keyring::new(certificates, blacklist))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
