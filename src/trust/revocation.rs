//! Revocations: images by hash, certificates, and certificates by the hash of their TBSCertificate.

use super::cert::Certificate;
use super::esl::{self, Entry, TIME};
use crate::digest::{Algorithm, sha256};
use crate::hex;
use crate::hex::decode;
use crate::reason::{Finding, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The name of a list, for people to read.
type Source = Arc<str>;

/// All revocations, from every source.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    /// Authenticode SHA-256 of images.
    images: BTreeMap<[u8; 32], Source>,
    certificates: Vec<Revoked>,
    /// Hashes of TBSCertificates; the length determines the algorithm.
    tbs: BTreeMap<Vec<u8>, Source>,
    /// Those of the hashes that the kernel's own lookup finds.
    found_by_kernel: BTreeSet<Vec<u8>>,
    /// Entries of kinds that cannot be evaluated, by source.
    ignored: BTreeMap<Source, usize>,
}

#[derive(Debug, Clone)]
struct Revoked {
    der: Vec<u8>,
    /// `None` if skexec accepts no signature by its key anyway.
    parsed: Option<Certificate>,
    source: Source,
}

impl Revocations {
    /// Parses EFI signature lists.
    ///
    /// # Errors
    /// `revocation-unreadable`: a list is malformed, or a certificate on it cannot be parsed.
    pub fn from_lists(bytes: &[u8], source: &str) -> Result<Self, Finding> {
        let mut revocations = Self::default();
        for entry in esl::parse(bytes).map_err(|malformed| unreadable(source, malformed))? {
            match entry {
                Entry::X509(der) => revocations.add_certificate(der, source)?,
                Entry::Image(hash) => revocations.add_image(hash, source),
                Entry::Tbs { algorithm, hash, timed } => {
                    revocations.add_tbs(hash, source);
                    // The kernel ignores lists of the other hashes.
                    if algorithm == Algorithm::Sha256 && !timed {
                        revocations.found_by_kernel.insert(hash.to_vec());
                    }
                }
                Entry::Other(_, count) => revocations.ignore(count, source),
            }
        }
        Ok(revocations)
    }

    /// Parses a description from the kernel's `.blacklist`: `bin:HEX` is the hash of an image, `tbs:HEX` that of a TBSCertificate. If a
    /// list has an EFI_TIME, the kernel appends it to the hash, and its own lookup never finds that hash. Here, the hash counts with and
    /// without the time.
    ///
    /// # Errors
    /// `revocation-unreadable`: it is neither.
    pub fn add_blacklist(&mut self, description: &str, source: &str) -> Result<(), Finding> {
        let wrong = || unreadable(source, format!("{description:?} is neither bin: nor tbs: with a hash"));
        let (kind, digits) = description.split_once(':').ok_or_else(wrong)?;
        let hash = decode(digits).ok_or_else(wrong)?;
        match (kind, <[u8; 32]>::try_from(hash.as_slice())) {
            ("bin", Ok(image)) => self.add_image(image, source),
            // The hash is not a SHA-256.
            ("bin", Err(_)) => self.ignore(1, source),
            ("tbs", _) => {
                self.add_tbs_with_time(&hash, source);
                self.found_by_kernel.insert(hash);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn add_tbs_with_time(&mut self, hash: &[u8], source: &str) {
        let mut taken = false;
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            if let Some((hash, time)) = hash.split_at_checked(algorithm.size())
                && (time.is_empty() || time.len() == TIME)
            {
                self.add_tbs(hash, source);
                taken = true;
            }
        }
        if !taken {
            self.ignore(1, source);
        }
    }

    /// Revokes a certificate, and everything that its key signed.
    ///
    /// # Errors
    /// `revocation-unreadable`: the certificate cannot be parsed. A certificate with an unsupported key or algorithm is no error; it
    /// is revoked by its bytes.
    pub fn add_certificate(&mut self, der: &[u8], source: &str) -> Result<(), Finding> {
        let parsed = match Certificate::parse(der) {
            Ok(certificate) => Some(certificate),
            Err(finding) if is_about_strength(finding.reason) => {
                // Signatures by its key cannot be found; a warning says that the list is not used in full.
                self.ignore(1, source);
                None
            }
            Err(finding) => {
                let name = hex::encode(&sha256(&[der]));
                return Err(unreadable(source, format!("the certificate with SHA-256 {name}: {finding}")));
            }
        };
        self.certificates.push(Revoked { der: der.to_vec(), parsed, source: source.into() });
        Ok(())
    }

    /// Whether any image is revoked by its hash.
    #[must_use]
    pub fn names_images(&self) -> bool {
        !self.images.is_empty()
    }

    /// Revokes an image by its Authenticode SHA-256, or a file by the SHA-256 of all its bytes.
    pub fn add_image(&mut self, hash: [u8; 32], source: &str) {
        self.images.entry(hash).or_insert_with(|| source.into());
    }

    fn add_tbs(&mut self, hash: &[u8], source: &str) {
        self.tbs.entry(hash.to_vec()).or_insert_with(|| source.into());
    }

    fn ignore(&mut self, count: usize, source: &str) {
        let ignored = self.ignored.entry(source.into()).or_default();
        *ignored = ignored.saturating_add(count);
    }

    /// Adds other revocations.
    pub fn extend(&mut self, other: Self) {
        for (hash, source) in other.images {
            self.images.entry(hash).or_insert(source);
        }
        for (hash, source) in other.tbs {
            self.tbs.entry(hash).or_insert(source);
        }
        self.found_by_kernel.extend(other.found_by_kernel);
        for (source, count) in other.ignored {
            self.ignore(count, &source);
        }
        self.certificates.extend(other.certificates);
    }

    /// The kernel's blacklist of certificates, byte for byte. The kernel compares an entry with a digest as a whole, so that an entry
    /// with a time after the hash equals none.
    pub(super) fn tbs_in_kernel(&self) -> &BTreeSet<Vec<u8>> {
        &self.found_by_kernel
    }

    /// The number of revoked images, certificates and hashes of certificates.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.images.len(), self.certificates.len(), self.tbs.len())
    }

    /// How many entries each source has.
    #[must_use]
    pub fn sources(&self) -> BTreeMap<&str, usize> {
        let certificates = self.certificates.iter().map(|revoked| &revoked.source);
        let mut sources = BTreeMap::new();
        for source in self.images.values().chain(self.tbs.values()).chain(certificates) {
            let count: &mut usize = sources.entry(&**source).or_default();
            *count = count.saturating_add(1);
        }
        sources
    }

    /// The sources with entries that cannot be evaluated (a SHA-1, a bare key), and the number of these entries.
    pub fn ignored(&self) -> impl Iterator<Item = (&str, usize)> {
        self.ignored.iter().map(|(source, count)| (&**source, *count))
    }

    /// Checks an image by its Authenticode SHA-256, whatever digest its signature has.
    ///
    /// # Errors
    /// `revoked-image`
    pub fn check_image(&self, authenticode_sha256: &[u8; 32]) -> Result<(), Finding> {
        match self.images.get(authenticode_sha256.as_slice()) {
            None => Ok(()),
            Some(source) => {
                let seen = format!("its SHA-256 {} is in {source}", hex::encode(authenticode_sha256));
                Err(Finding::new(Reason::RevokedImage, seen))
            }
        }
    }

    /// Checks every certificate on the path from the signer to the anchor, both included.
    ///
    /// # Errors
    /// `revoked-cert`: one was revoked, has a revoked key, or was signed by one. `revoked-tbs`: by its hash.
    pub fn check_path(&self, path: &[Certificate]) -> Result<(), Finding> {
        for certificate in path {
            for revoked in &self.certificates {
                revoked.check(certificate)?;
            }
            self.check_tbs(certificate)?;
        }
        Ok(())
    }

    fn check_tbs(&self, certificate: &Certificate) -> Result<(), Finding> {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            // Hashing is skipped where no list has such a hash.
            if !self.tbs.keys().any(|hash| hash.len() == algorithm.size()) {
                continue;
            }
            let digest = algorithm.digest(&[certificate.tbs()]);
            if let Some(source) = self.tbs.get(&digest.value) {
                let seen = format!("{}: {digest} of its TBSCertificate is in {source}", certificate.subject());
                return Err(Finding::new(Reason::RevokedTbs, seen));
            }
        }
        Ok(())
    }
}

impl Revoked {
    fn check(&self, certificate: &Certificate) -> Result<(), Finding> {
        let found = |how: &str| {
            let seen = format!("{}: {how} in {}", certificate.subject(), self.source);
            Err(Finding::new(Reason::RevokedCertificate, seen))
        };
        if certificate.der() == self.der {
            return found("the certificate is");
        }
        let Some(revoked) = &self.parsed else { return Ok(()) };
        // The same key in another certificate, such as a renewed one.
        if certificate.public_key() == revoked.public_key() {
            return found("its key is that of a certificate");
        }
        // Names do not count: a certificate that names another issuer may have been signed by this key. An error means only that
        // it was not; the chain reports errors that matter to the path.
        if certificate.verify_signed_by(revoked).is_ok() {
            return found("its issuer is");
        }
        Ok(())
    }
}

fn is_about_strength(reason: Reason) -> bool {
    matches!(reason, Reason::UnsupportedAlgorithm | Reason::WeakDigest | Reason::WeakKey)
}

/// A list that cannot be used.
pub(crate) fn unreadable(source: &str, what: impl std::fmt::Display) -> Finding {
    Finding::new(Reason::RevocationUnreadable, format!("{source}: {what}"))
}

#[cfg(test)]
mod tests;
