//! What is asked of a file, in order, and what is written down on the way.

use super::{Evidence, Place, Signature, Signer};
use crate::image::pe::Pe;
use crate::reason::{Finding, Reason};
use crate::trust::algorithm::CertificateScheme;
use crate::trust::appended::Appended;
use crate::trust::authenticode::{covered, signatures};
use crate::trust::cert::Certificate;
use crate::trust::chain::{self, Path};
use crate::trust::digest::{Algorithm, Digest, Sums};
use crate::trust::kernel::{self, Prediction};
use crate::trust::pkcs7::{Profile, SignedData};
use crate::trust::{Trust, detached, sbat, spc};

/// The signer and the place of the signature, when a path was proved; all that speaks against the file, from anywhere;
/// and what was seen. It is a proof only if nothing speaks against it.
pub(super) fn inquire(
    bytes: &[u8],
    signature: Signature<'_>,
    trust: &Trust,
) -> (Option<(Signer, Place)>, Vec<Finding>, Evidence) {
    let mut inquiry = Inquiry::new(bytes, trust);
    let proved = inquiry.run(signature);
    if inquiry.evidence.kernel.hazard.is_some() {
        inquiry.findings.push(Reason::Hazard.into());
    }
    (proved.ok(), inquiry.findings, inquiry.evidence)
}

/// That the way to a signer ended; why is written down.
struct Ended;

struct Inquiry<'a> {
    bytes: &'a [u8],
    sums: Sums<'a>,
    trust: &'a Trust,
    findings: Vec<Finding>,
    evidence: Evidence,
}

impl<'a> Inquiry<'a> {
    fn new(bytes: &'a [u8], trust: &'a Trust) -> Self {
        let sums = Sums::default();
        let kernel = kernel::predict_with(bytes, trust, &sums);
        let evidence = Evidence {
            digest: None,
            signer: None,
            chain: Vec::new(),
            anchor_source: None,
            signing_time: None,
            key_ids: Vec::new(),
            algorithms: Vec::new(),
            kernel,
        };
        Self { bytes, sums, trust, findings: trust.unreadable.clone(), evidence }
    }

    fn run(&mut self, signature: Signature<'_>) -> Result<(Signer, Place), Ended> {
        match signature {
            Signature::Embedded if Pe::claimed_by(self.bytes) => Ok((self.image()?, Place::Embedded)),
            Signature::Embedded => Ok((self.appended()?, Place::Embedded)),
            Signature::Detached(message) => Ok((self.detached(message)?, Place::Detached)),
        }
    }

    /// Writes down why not.
    fn note<V>(&mut self, result: Result<V, Finding>) -> Result<V, Ended> {
        result.map_err(|finding| self.findings.push(finding)).map_err(|()| Ended)
    }

    /// A PE, signed by Authenticode.
    fn image(&mut self) -> Result<Signer, Ended> {
        let pe = Pe::parse(self.bytes).and_then(|pe| pe.check_coverage().map(|()| pe));
        let pe = self.note(pe)?;
        let sha256 = self.sums.sha256(&covered(self.bytes, &pe));
        self.evidence.digest = Some(Digest { algorithm: Algorithm::Sha256, value: sha256.to_vec() });
        let signer = self.authenticode(&pe);
        self.revoked(&sha256);
        if self.trust.revocations.names_images() {
            let whole = self.sums.sha256(&[self.bytes]);
            self.revoked(&whole);
        }
        self.findings.extend(sbat::check(&pe, self.bytes, self.trust.sbat_level.as_ref()).err());
        signer
    }

    fn authenticode(&mut self, pe: &Pe) -> Result<Signer, Ended> {
        let bytes = self.bytes;
        let table = pe.certificate_table.clone().and_then(|table| bytes.get(table));
        let table = self.note(table.ok_or_else(|| Reason::Unsigned.into()))?;
        let bodies = self.note(signatures(table))?;
        // As in the kernel, the first signature decides; a later one can spoil the image but not save it.
        let (first, others) = self.note(bodies.split_first().ok_or_else(|| Reason::Unsigned.into()))?;
        let message = self.note(SignedData::parse(Profile::Authenticode, first))?;
        let content = message.content.unwrap_or_default();
        let alleged = self.note(spc::parse(content))?;
        let digest = self.sums.digest(alleged.algorithm, &covered(bytes, pe));
        if digest != alleged {
            let seen = format!("signed was {alleged}, the file has {digest}");
            self.findings.push(Finding::new(Reason::DigestMismatch, seen));
        }
        self.evidence.digest = Some(digest);
        let signer = self.chain(&message, content);
        self.findings.extend(others.iter().find_map(|body| self.second(pe, body).err()));
        signer
    }

    /// A further signature must be one, and about this image.
    fn second(&self, pe: &Pe, body: &[u8]) -> Result<(), Finding> {
        let spoiled = |finding: Finding| Finding::new(Reason::SecondWinCert, finding.to_string());
        let message = SignedData::parse(Profile::Authenticode, body).map_err(spoiled)?;
        let alleged = spc::parse(message.content.unwrap_or_default()).map_err(spoiled)?;
        if self.sums.digest(alleged.algorithm, &covered(self.bytes, pe)) == alleged {
            Ok(())
        } else {
            Err(Finding::new(Reason::SecondWinCert, "it speaks of another image"))
        }
    }

    /// Another file, signed as kernel modules are.
    fn appended(&mut self) -> Result<Signer, Ended> {
        self.whole_file(self.bytes);
        let appended = self.note(Appended::split(self.bytes))?;
        let why = || Finding::new(Reason::Unsigned, "no signature is appended to it, and it is no PE");
        let appended = self.note(appended.ok_or_else(why))?;
        // Another signature around the same content would be another file.
        self.whole_file(appended.content);
        self.never_asked();
        let message = self.note(SignedData::parse(Profile::Appended, appended.message))?;
        self.chain(&message, appended.content)
    }

    /// Any file, with its signature in another.
    fn detached(&mut self, signature: &[u8]) -> Result<Signer, Ended> {
        self.whole_file(self.bytes);
        self.never_asked();
        let der = self.note(detached::message(signature))?;
        let message = self.note(SignedData::parse(Profile::Detached, &der))?;
        let signer = self.chain(&message, self.bytes);
        self.revoked_image();
        signer
    }

    /// A PE stays a PE, and a revoked one revoked, wherever its signature is.
    fn revoked_image(&mut self) {
        if !Pe::claimed_by(self.bytes) {
            return;
        }
        match Pe::parse(self.bytes) {
            Ok(pe) => {
                let sha256 = self.sums.sha256(&covered(self.bytes, &pe));
                self.revoked(&sha256);
                self.findings.extend(sbat::check(&pe, self.bytes, self.trust.sbat_level.as_ref()).err());
            }
            Err(finding) => self.findings.push(finding),
        }
    }

    fn whole_file(&mut self, bytes: &'a [u8]) {
        let sha256 = self.sums.sha256(&[bytes]);
        self.evidence.digest = Some(Digest { algorithm: Algorithm::Sha256, value: sha256.to_vec() });
        self.revoked(&sha256);
    }

    /// An image is revoked by its Authenticode hash, as in dbx, or by the hash of the whole file, as `sha256sum` has it.
    fn revoked(&mut self, sha256: &[u8; 32]) {
        self.findings.extend(self.trust.revocations.check_image(sha256).err());
    }

    /// The kernel looks at no signature but the one in a PE's table. That a file crashes it stays true.
    fn never_asked(&mut self) {
        self.evidence.kernel = Prediction { errno: None, ..self.evidence.kernel };
    }

    /// From the message to an anchor, with nobody on the way revoked.
    fn chain(&mut self, message: &SignedData<'_>, content: &[u8]) -> Result<Signer, Ended> {
        self.evidence.signer = message.signer_certificate().map(Signer::from);
        self.evidence.signing_time = message.signer.attributes.as_ref().and_then(|attributes| attributes.signing_time);
        let path = chain::verify(message, content, &self.trust.anchors);
        let certificates = path.as_ref().map_or(message.certificates.as_slice(), Path::certificates);
        self.evidence.algorithms = algorithms(message, self.evidence.digest.as_ref(), certificates);
        self.evidence.key_ids = key_ids(message.certificates.iter().chain(path.iter().flat_map(Path::certificates)));
        // All that came with the message counts, also above an anchor, where the kernel looks as well, and without a path:
        // a waiver must not reach past a revocation.
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
        // Who signed is known now also where the certificate did not come with the message.
        self.evidence.signer = self.evidence.signer.take().or_else(|| signer.as_ref().ok().cloned());
        signer
    }
}

/// What it takes to verify the message and the way up; the last certificate's own signature is nobody's concern.
fn algorithms(message: &SignedData<'_>, image: Option<&Digest>, path: &[Certificate]) -> Vec<&'static str> {
    let own = [Some(message.signer.scheme.digest.name()), image.map(|digest| digest.algorithm.name())];
    let keys = path.iter().map(|certificate| Some(certificate.public_key().kernel_name()));
    let below = path.split_last().map(|(_, below)| below).unwrap_or_default();
    let signed = below.iter().map(|certificate| match certificate.scheme() {
        CertificateScheme::Usable(scheme) => Some(scheme.digest.name()),
        CertificateScheme::Weak(_) => None,
    });
    let mut names: Vec<_> = own.into_iter().chain(keys).chain(signed).flatten().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The identifiers of these certificates' keys and of their issuers' keys; none at all where one is not named so.
fn key_ids<'a>(certificates: impl Iterator<Item = &'a Certificate>) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    for certificate in certificates {
        let authority = certificate.extensions().authority_key_id.as_ref();
        match (certificate.subject_key_id(), authority.and_then(|authority| authority.key_id.clone())) {
            (Some(own), None) if certificate.is_self_signed() => ids.push(own.to_vec()),
            (Some(own), Some(issuer)) => ids.extend([own.to_vec(), issuer]),
            _ => return Vec::new(),
        }
    }
    ids
}
