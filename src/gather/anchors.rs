//! Collects the trust anchors. If a file that the request names cannot be used, that is an error. If a file of the system or a
//! list of the firmware cannot be used, it gives no anchors and a warning.

use super::{Gatherer, trust_file};
use super::{TrustRequest, content};
use crate::reason::{Caution, Finding};
use crate::sources::SecureBoot;
use crate::sources::files::{Unreadable, read_named, read_system};
use crate::sources::firmware::{self, Part};
use crate::trust::Anchor;
use crate::trust::cert::Certificate;
use std::path::Path;

const TRUST: &str = "/etc/skexec/trust.d";
const VENDOR_TRUST: &str = "/usr/lib/skexec/trust.d";

impl Gatherer<'_> {
    pub(super) fn named_keys(&mut self, request: &TrustRequest) -> Result<(), Finding> {
        for path in &request.keys {
            let files = read_named(path, content::KEYS).map_err(trust_file)?;
            if files.is_empty() {
                return Err(trust_file(Unreadable::new(
                    path,
                    "no file in it is called *.pem, *.crt, *.cer, *.der, *.esl",
                )));
            }
            for file in files {
                self.anchors(&file.path, &file.bytes)?;
            }
        }
        Ok(())
    }

    /// Under Secure Boot, only the administrator's directory counts: a package must not add anchors to those of the firmware.
    pub(super) fn system_keys(&mut self, secure_boot: SecureBoot) {
        let all = [TRUST, VENDOR_TRUST];
        let directories = if secure_boot.restricts_anchors() { &all[..1] } else { &all };
        for file in read_system(self.root, directories, content::KEYS) {
            let read = file.map_err(trust_file).and_then(|file| self.anchors(&file.path, &file.bytes));
            if let Err(finding) = read {
                self.warn(Caution::TrustListIgnored, finding.detail);
            }
        }
    }

    pub(super) fn anchors(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Finding> {
        let certificates = content::certificates(bytes).map_err(|what| trust_file(Unreadable::new(path, what)))?;
        // The source keeps its slash, so that a file `db` is not mistaken for the EFI variable `db`.
        let here = path.parent() == Some(Path::new(""));
        let source = format!("{}{}", if here { "./" } else { "" }, path.display());
        let anchors = certificates.into_iter().map(|certificate| Anchor { certificate, source: source.clone() });
        self.gathered.trust.anchors.extend(anchors);
        Ok(())
    }

    pub(super) fn firmware_keys(&mut self) {
        if !firmware::ignores_db(self.root) {
            match firmware::database(self.root, "db") {
                Ok(list) => list.iter().for_each(|part| self.trust_list(part)),
                Err(error) => self.warn(Caution::TrustListIgnored, format!("db: {error}")),
            }
        }
        match firmware::mok(self.root, "MokListRT") {
            Ok(list) => {
                self.warn_of_planted(&list);
                list.parts.iter().for_each(|part| self.trust_list(part));
            }
            Err(error) => self.warn(Caution::TrustListIgnored, format!("MokListRT: {error}")),
        }
    }

    /// A malformed list gives no anchors. A certificate that cannot be parsed is skipped, and the others count.
    fn trust_list(&mut self, Part { name, data }: &Part) {
        let certificates = match content::certificates_of_lists(data) {
            Ok(certificates) => certificates,
            Err(error) => return self.warn(Caution::TrustListIgnored, format!("{name}: {error}")),
        };
        for der in certificates {
            match Certificate::parse(der) {
                Ok(certificate) => self.gathered.trust.anchors.push(Anchor { certificate, source: name.clone() }),
                Err(finding) => self.warn(Caution::TrustListIgnored, format!("{name}: a certificate: {finding}")),
            }
        }
    }
}
