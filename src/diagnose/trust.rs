//! Whom skexec itself trusts, and what is revoked. The running kernel's own keys are another matter.

use crate::gather::{Gathered, TrustRequest, gather};
use crate::reason::{Finding, Warning};
use crate::sources::Root;
use crate::sources::policy::Policy;
use serde::Serialize;

/// What a judgement on this machine would depend on.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct TrustStatus {
    anchors: Vec<Anchor>,
    revoked: Revoked,
    /// The date of `SbatLevelRT`.
    sbat_level: Option<String>,
    /// Why every file is refused; empty where none is for this reason.
    problems: Vec<String>,
    /// Slugs.
    warnings: Vec<&'static str>,
    /// The same, for people.
    #[serde(skip)]
    notes: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Anchor {
    subject: String,
    /// A file or an EFI variable.
    source: String,
}

/// How many of each.
#[derive(Debug, Clone, Default, Serialize)]
struct Revoked {
    images: usize,
    certificates: usize,
    tbs: usize,
}

impl TrustStatus {
    pub(super) fn read(root: &Root, request: &TrustRequest) -> Self {
        match Policy::read(root).and_then(|policy| gather(root, &policy, request)) {
            Ok(gathered) => Self::of(gathered),
            Err(finding) => Self { problems: vec![problem(&finding)], ..Self::default() },
        }
    }

    fn of(Gathered { trust, warnings }: Gathered) -> Self {
        let (images, certificates, tbs) = trust.revocations.counts();
        let anchors = trust.anchors.into_iter();
        Self {
            anchors: anchors.map(|it| Anchor { subject: it.certificate.subject(), source: it.source }).collect(),
            revoked: Revoked { images, certificates, tbs },
            sbat_level: trust.sbat_level.map(|level| level.date),
            problems: trust.unreadable.iter().map(problem).collect(),
            warnings: warnings.iter().map(Warning::slug).collect(),
            notes: warnings.into_iter().map(|warning| format!("{} ({})", warning.message, warning.slug())).collect(),
        }
    }

    /// The lines for people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> =
            self.anchors.iter().map(|anchor| ("", format!("{} ({})", anchor.subject, anchor.source))).collect();
        if lines.is_empty() {
            lines.push(("", "nobody: name certificates with --keys".into()));
        }
        lines.extend(self.problems.iter().map(|problem| ("", format!("but every file is refused: {problem}"))));
        if let Some((key, _)) = lines.first_mut() {
            *key = "trusts";
        }
        lines.push(("revoked", self.revoked_line()));
        lines.extend(self.notes.iter().map(|note| ("", note.clone())));
        lines
    }

    fn revoked_line(&self) -> String {
        let Revoked { images, certificates, tbs } = self.revoked;
        let counts = [("images", images), ("certificates", certificates), ("hashes of certificates", tbs)];
        let named = counts.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| format!("{kind}: {count}"));
        let level = self.sbat_level.iter().map(|date| format!("SBAT level: {date}"));
        let parts: Vec<_> = named.chain(level).collect();
        if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
    }
}

fn problem(finding: &Finding) -> String {
    format!("{finding} ({})", finding.reason.slug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::efi::{IMAGE_SECURITY, SHIM};
    use crate::sources::testing::{Tree, set_variable};

    fn read(tree: &Tree) -> TrustStatus {
        TrustStatus::read(tree.root(), &TrustRequest { system: true, ..TrustRequest::default() })
    }

    #[test]
    fn the_firmware_and_shim_are_named() {
        let tree = Tree::new();
        set_variable(&tree, "MokListRT", SHIM, 6, &forge::esl::x509(&forge::root_der()));
        set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, &forge::esl::sha256(&[vec![7; 32], vec![8; 32]]));
        set_variable(&tree, "SbatLevelRT", SHIM, 6, b"sbat,1,2025021800\nshim,4\n");
        let root = crate::trust::cert::Certificate::parse(&forge::root_der()).unwrap().subject();
        let wanted =
            [("trusts", format!("{root} (MokListRT)")), ("revoked", "images: 2, SBAT level: 2025021800".to_owned())];
        assert_eq!(read(&tree).lines()[..2], wanted);
    }

    #[test]
    fn a_list_that_refuses_everything_is_named() {
        let tree = Tree::new();
        set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, b"broken");
        let lines = read(&tree).lines();
        assert!(lines[0].1.starts_with("nobody"), "{lines:?}");
        assert!(lines[1].1.starts_with("but every file is refused") && lines[1].1.contains("dbx"), "{lines:?}");
        assert!(lines[1].1.ends_with("(revocation-unreadable)"), "{lines:?}");
    }
}
