//! Collects the revocations. If a list cannot be used, every file is refused.

use super::{Gatherer, trust_file};
use super::{TrustRequest, content};
use crate::reason::{Caution, Finding, Reason};
use crate::sources::efi::{self, Efi};
use crate::sources::files::{Unreadable, read_named, read_system};
use crate::sources::firmware::{self, Part};
use crate::sources::{SecureBoot, blacklist};
use crate::trust::revocation::Revocations;
use crate::trust::sbat::Level;

const REVOKED: &[&str] = &["/etc/skexec/revoked.d", "/usr/lib/skexec/revoked.d"];

/// Why the firmware's lists cannot be seen, where that is so.
const fn hidden(efi: Efi) -> Option<&'static str> {
    match efi {
        Efi::Hidden => {
            Some("what the kernel shows of its firmware cannot be seen in /sys/firmware (mount -t sysfs sysfs /sys)")
        }
        Efi::NoVariables => {
            Some("the EFI variables are not there (mount -t efivarfs efivarfs /sys/firmware/efi/efivars)")
        }
        Efi::Absent | Efi::Present => None,
    }
}

impl Gatherer<'_> {
    pub(super) fn named_revocations(&mut self, request: &TrustRequest) -> Result<(), Finding> {
        for path in &request.revoked {
            let files = read_named(path, content::REVOCATIONS).map_err(trust_file)?;
            if files.is_empty() {
                let what = "no file in it is called *.pem, *.crt, *.cer, *.der, *.esl, *.sha256";
                return Err(trust_file(Unreadable::new(path, what)));
            }
            for file in files {
                let revocations = content::revocations(&file.bytes, &file.path.display().to_string());
                let revocations = revocations.map_err(|what| trust_file(Unreadable::new(&file.path, what)))?;
                self.gathered.trust.revocations.extend(revocations);
            }
        }
        Ok(())
    }

    pub(super) fn dbx(&mut self, secure_boot: SecureBoot) {
        match (hidden(efi::state(self.root)), firmware::database(self.root, "dbx")) {
            (Some(why), _) => self.no_variables("dbx", why, secure_boot),
            (_, Ok(list)) => list.iter().for_each(|part| self.revocation_list("dbx", part)),
            (_, Err(error)) => self.block("dbx", error),
        }
    }

    /// With Secure Boot off, according to the running kernel, missing variables are not an error: the firmware enforces no list
    /// then, and a kernel without runtime services can never show the variables.
    fn no_variables(&mut self, list: &str, why: &str, secure_boot: SecureBoot) {
        if secure_boot.kernel == Some(false) {
            self.warn(Caution::RevocationIncomplete, format!("{list}: {why}"));
        } else {
            self.block(list, why);
        }
    }

    pub(super) fn mok_revocations(&mut self, secure_boot: SecureBoot) {
        const NAME: &str = "MokListXRT";
        match (firmware::mok(self.root, NAME), hidden(efi::state(self.root))) {
            (Ok(list), Some(why)) if list.parts.is_empty() => self.no_variables(NAME, why, secure_boot),
            (Ok(list), _) => {
                self.warn_of_planted(&list);
                if list.without_privilege {
                    let message = format!("{NAME}: only root can read all of it; the EFI variable was read instead");
                    self.warn(Caution::RevocationIncomplete, message);
                }
                list.parts.iter().for_each(|part| self.revocation_list(NAME, part));
            }
            (Err(error), _) => self.block(NAME, error),
        }
    }

    /// The policy names a split list by the name of its first part.
    fn revocation_list(&mut self, list: &str, Part { name, data }: &Part) {
        match Revocations::from_lists(data, name) {
            Ok(revocations) => self.gathered.trust.revocations.extend(revocations),
            Err(finding) => self.block_for(list, finding),
        }
    }

    pub(super) fn sbat_level(&mut self) {
        const NAME: &str = "SbatLevelRT";
        match firmware::mok(self.root, NAME) {
            Err(error) => self.block(NAME, error),
            Ok(found) => {
                self.warn_of_planted(&found);
                // SbatLevelRT is not a signature list, and shim never splits it.
                match found.parts.first().map(|part| Level::parse(&part.data)) {
                    None => {}
                    Some(Ok(level)) => self.gathered.trust.sbat_level = Some(level),
                    Some(Err(malformed)) => self.block(NAME, malformed),
                }
            }
        }
    }

    pub(super) fn system_revocations(&mut self) {
        for file in read_system(self.root, REVOKED, content::REVOCATIONS) {
            let read = file.and_then(|file| {
                let revocations = content::revocations(&file.bytes, &file.path.display().to_string());
                revocations.map_err(|what| Unreadable::new(&file.path, what))
            });
            match read {
                Ok(revocations) => self.gathered.trust.revocations.extend(revocations),
                Err(Unreadable { path, what }) => self.block(&path.display().to_string(), what),
            }
        }
    }

    pub(super) fn blacklist(&mut self) {
        const NAME: &str = ".blacklist";
        let text = match self.root.read("/proc/keys", 4 << 20) {
            Ok(None) => return,
            Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => return self.block(NAME, error),
        };
        let blacklist = blacklist::parse(&text);
        let mut revocations = Revocations::default();
        for description in &blacklist.descriptions {
            if let Err(finding) = revocations.add_blacklist(description, NAME) {
                return self.block_for(NAME, finding);
            }
        }
        self.gathered.trust.revocations.extend(revocations);
        if !blacklist.visible {
            self.warn(Caution::RevocationIncomplete, format!("{NAME}: only root sees the kernel's keyrings"));
        }
        // The kernel puts the certificates of dbx on this keyring, too. They were read from dbx above.
        let (_, certificates, _) = self.gathered.trust.revocations.counts();
        if blacklist.hidden() > certificates {
            let message = format!("{NAME}: {} certificates on it cannot be read", blacklist.hidden());
            self.warn(Caution::RevocationIncomplete, message);
        }
    }

    pub(super) fn entries_of_other_kinds(&mut self) {
        let ignored: Vec<_> =
            self.gathered.trust.revocations.ignored().map(|(name, count)| (name.to_owned(), count)).collect();
        for (name, count) in ignored {
            let message = format!("{name}: {count} entries are of kinds that cannot be evaluated");
            self.warn(Caution::RevocationIncomplete, message);
        }
    }

    fn block(&mut self, list: &str, what: impl std::fmt::Display) {
        self.block_for(list, Finding::new(Reason::RevocationUnreadable, format!("{list}: {what}")));
    }

    fn block_for(&mut self, list: &str, finding: Finding) {
        if self.ignored.iter().any(|ignored| ignored == list) {
            self.warn(Caution::RevocationIgnored, format!("{} (ignored by the policy)", finding.detail));
        } else {
            self.gathered.trust.unreadable.push(finding);
        }
    }
}
