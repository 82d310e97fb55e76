//! The checks of a file, in order, and the evidence that they collect.

use super::appended::Appended;
use super::authenticode::{Embedded, image_digest, image_sha256};
use super::chain::{self, Path};
use super::evidence::{Evidence, Place, Signature, Signer};
use super::needs::Needs;
use super::pkcs7::{Profile, SignedData};
use super::store::Trust;
use super::{detached, sbat, spc};
use crate::digest::{Algorithm, Digest, Hashed};
use crate::image::Parsed;
use crate::image::pe::Pe;
use crate::reason::{Finding, Reason};
use std::ops::Range;
use std::slice::from_ref;

/// The result of the checks: the signer and the place of the signature, if a path was proved; all findings; and the evidence. It is
/// a proof only without findings.
pub(super) fn inquire<B: AsRef<[u8]>>(
    file: &Parsed<B>,
    signature: Signature<'_>,
    trust: &Trust,
) -> (Option<(Signer, Place)>, Vec<Finding>, Evidence) {
    let evidence = Evidence { kernel_looks: true, ..Evidence::default() };
    let mut inquiry = Inquiry { file, trust, findings: trust.unreadable.clone(), evidence };
    let proved = inquiry.run(signature);
    (proved.ok(), inquiry.findings, inquiry.evidence)
}

/// The checks ended early: no signer can be proved, and the reason is among the findings.
struct Ended;

struct Inquiry<'a, B> {
    file: &'a Parsed<B>,
    trust: &'a Trust,
    findings: Vec<Finding>,
    evidence: Evidence,
}

impl<'a, B: AsRef<[u8]>> Inquiry<'a, B> {
    fn run(&mut self, signature: Signature<'_>) -> Result<(Signer, Place), Ended> {
        match (signature, self.file.pe()) {
            (Signature::Embedded, Some(pe)) => Ok((self.image(pe)?, Place::Embedded)),
            (Signature::Embedded, None) => Ok((self.appended()?, Place::Embedded)),
            (Signature::Detached(message), _) => Ok((self.detached(message)?, Place::Detached)),
        }
    }

    /// Adds the reason to the findings.
    fn note<V>(&mut self, result: Result<V, Finding>) -> Result<V, Ended> {
        result.map_err(|finding| self.findings.push(finding)).map_err(|()| Ended)
    }

    /// A PE, signed by Authenticode.
    fn image(&mut self, pe: Result<&'a Pe, &'a Finding>) -> Result<Signer, Ended> {
        let pe = pe.map_err(Clone::clone).and_then(|pe| pe.check_coverage().map(|()| pe));
        let pe = self.note(pe)?;
        let sha256 = image_sha256(self.file.file(), pe);
        self.evidence.digest = Some(Digest { algorithm: Algorithm::Sha256, value: sha256.to_vec() });
        let signer = self.authenticode(pe);
        self.revoked(&sha256);
        if self.trust.revocations.names_images() {
            let whole = self.file.file().sha256(from_ref(&(0..self.file.bytes().len())));
            self.revoked(&whole);
        }
        self.findings.extend(sbat::check(pe, self.file.bytes(), self.trust.sbat_level.as_ref()).err());
        if let Some(linux) = self.linux() {
            self.revoked_linux(&linux);
            self.evidence.needs = Needs::of_embedded(&linux, &self.trust.anchors);
        }
        signer
    }

    /// The kernel in a UKI.
    fn linux(&self) -> Option<Parsed<&'a [u8]>> {
        self.file.linux().map(|linux| Parsed::of(linux, None))
    }

    /// Checks the kernel in a UKI against the revocations: the signature of the UKI does not make up for them.
    fn revoked_linux(&mut self, linux: &Parsed<&[u8]>) {
        let pe = linux.pe().and_then(Result::ok);
        let mut hashes: Vec<_> = pe.map(|pe| image_sha256(linux.file(), pe)).into_iter().collect();
        if self.trust.revocations.names_images() {
            let appended = Appended::split(linux.bytes()).ok().flatten().map(|appended| appended.content.len());
            let lengths = [Some(linux.bytes().len()), appended].into_iter().flatten();
            hashes.extend(lengths.map(|length| linux.file().sha256(from_ref(&(0..length)))));
        }
        let revoked = hashes.iter().filter_map(|hash| self.trust.revocations.check_image(hash).err());
        let outdated = pe.and_then(|pe| sbat::check(pe, linux.bytes(), self.trust.sbat_level.as_ref()).err());
        let within = |finding: Finding| Finding::new(finding.reason, format!(".linux: {}", finding.detail));
        let found: Vec<_> = revoked.chain(outdated).map(within).collect();
        self.findings.extend(found);
    }

    fn authenticode(&mut self, pe: &Pe) -> Result<Signer, Ended> {
        let Embedded { message, content, signed, others } = self.note(Embedded::parse(self.file.bytes(), pe))?;
        let digest = image_digest(self.file.file(), pe, signed.algorithm);
        if digest != signed {
            let seen = format!("the signed digest is {signed}, the file has {digest}");
            self.findings.push(Finding::new(Reason::DigestMismatch, seen));
        }
        self.evidence.digest = Some(digest);
        let signer = self.chain(&message, &Hashed::new(content));
        self.findings.extend(others.iter().find_map(|body| self.second(pe, body).err()));
        signer
    }

    /// Every further signature must parse, and must sign this image.
    fn second(&self, pe: &Pe, body: &[u8]) -> Result<(), Finding> {
        let spoiled = |finding: Finding| Finding::new(Reason::SecondWinCert, finding.to_string());
        let message = SignedData::parse(Profile::Authenticode, body).map_err(spoiled)?;
        let signed = spc::parse(message.content.unwrap_or_default()).map_err(spoiled)?;
        if image_digest(self.file.file(), pe, signed.algorithm) == signed {
            Ok(())
        } else {
            Err(Finding::new(Reason::SecondWinCert, "it signs a different image"))
        }
    }

    /// A file that is no PE, signed as kernel modules are.
    fn appended(&mut self) -> Result<Signer, Ended> {
        let bytes = self.file.bytes();
        self.range(0..bytes.len());
        let appended = self.note(Appended::split(bytes))?;
        let why = || Finding::new(Reason::Unsigned, "no signature is appended to it, and it is no PE");
        let appended = self.note(appended.ok_or_else(why))?;
        // With another signature appended, the same content would be another file.
        self.range(0..appended.content.len());
        self.evidence.kernel_looks = false;
        let message = self.note(SignedData::parse(Profile::Appended, appended.message))?;
        self.chain(&message, &self.file.file().part(0..appended.content.len()))
    }

    /// Any file, with a detached signature.
    fn detached(&mut self, signature: &[u8]) -> Result<Signer, Ended> {
        self.range(0..self.file.bytes().len());
        self.evidence.kernel_looks = false;
        let der = self.note(detached::message(signature))?;
        let message = self.note(SignedData::parse(Profile::Detached, &der))?;
        let signer = self.chain(&message, &self.file.file().part(0..self.file.bytes().len()));
        self.revoked_image();
        signer
    }

    /// Checks the image hash of a PE against the revocations also when its signature is not embedded.
    fn revoked_image(&mut self) {
        match self.file.pe() {
            None => {}
            Some(Ok(pe)) => {
                let sha256 = image_sha256(self.file.file(), pe);
                self.revoked(&sha256);
                self.findings.extend(sbat::check(pe, self.file.bytes(), self.trust.sbat_level.as_ref()).err());
                if let Some(linux) = self.linux() {
                    self.revoked_linux(&linux);
                }
            }
            Some(Err(finding)) => self.findings.push(finding.clone()),
        }
    }

    /// Records the digest of a range, such as the whole file, and checks whether it is revoked.
    fn range(&mut self, range: Range<usize>) {
        let sha256 = self.file.file().sha256(from_ref(&range));
        self.evidence.digest = Some(Digest { algorithm: Algorithm::Sha256, value: sha256.to_vec() });
        self.revoked(&sha256);
    }

    /// An image is revoked by its Authenticode hash, as in dbx, or by the hash of the whole file, as `sha256sum` prints it.
    fn revoked(&mut self, sha256: &[u8; 32]) {
        self.findings.extend(self.trust.revocations.check_image(sha256).err());
    }

    /// Verifies the path from the message to an anchor, and that no certificate on it is revoked.
    fn chain(&mut self, message: &SignedData<'_>, content: &Hashed<&[u8]>) -> Result<Signer, Ended> {
        self.evidence.signer = message.signer_certificate().map(Signer::from);
        self.evidence.signing_time = message.signer.attributes.as_ref().and_then(|attributes| attributes.signing_time);
        let path = chain::verify(message, content, &self.trust.anchors);
        let image = self.evidence.digest.as_ref().map(|digest| digest.algorithm);
        self.evidence.needs = Needs::new(message, image, path.as_ref().ok());
        // Every certificate of the message is checked: also those above an anchor, because the kernel checks them, too; and also
        // without a path, because a waiver must not cover a revocation.
        let on_path = path.as_ref().map(Path::certificates).unwrap_or_default();
        let revocations = &self.trust.revocations;
        let revoked =
            revocations.check_path(&message.certificates).and_then(|()| revocations.check_path(on_path)).err();
        let signer = match path {
            Ok(path) => {
                self.evidence.chain = path.certificates().iter().map(Signer::from).collect();
                self.evidence.anchor_source = self.trust.anchors.get(path.anchor()).map(|anchor| anchor.source.clone());
                self.evidence.chain.first().cloned().ok_or(Ended)
            }
            Err(findings) => {
                self.findings.extend(findings);
                Err(Ended)
            }
        };
        self.findings.extend(revoked);
        // The signer is known now, also if its certificate did not come with the message.
        self.evidence.signer = self.evidence.signer.take().or_else(|| signer.as_ref().ok().cloned());
        signer
    }
}
