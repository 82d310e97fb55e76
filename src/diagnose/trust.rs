//! Whom skexec itself trusts, and what is revoked. The running kernel's own keys are another matter.

use super::section::{Mark, Row};
use crate::gather::{Gathered, TrustRequest, gather};
use crate::hex;
use crate::reason::{Finding, Site, Warning};
use crate::sources::Root;
use crate::sources::policy::Policy;
use serde::Serialize;
use std::collections::BTreeSet;

/// What to do where nobody is trusted.
pub(super) const NAME_CERTIFICATES: &str = "name certificates with --keys FILE, or put them into /etc/skexec/trust.d";

/// What a judgement on this machine would depend on.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct TrustStatus {
    pub(super) anchors: Vec<Anchor>,
    revoked: Revoked,
    /// How much each source revokes.
    revocations: Vec<Source>,
    /// The date of `SbatLevelRT`.
    sbat_level: Option<String>,
    /// Why every file is refused; empty where none is for this reason.
    problems: Vec<String>,
    /// Slugs.
    warnings: Vec<&'static str>,
    /// The problems.
    #[serde(skip)]
    pub(super) findings: Vec<Finding>,
    /// The warnings.
    #[serde(skip)]
    notes: Vec<Warning>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Anchor {
    subject: String,
    /// A file or an EFI variable.
    source: String,
    sha256: String,
}

/// How many of each.
#[derive(Debug, Clone, Default, Serialize)]
struct Revoked {
    images: usize,
    certificates: usize,
    tbs: usize,
}

/// A file, an EFI variable or a keyring, and how many entries it has.
#[derive(Debug, Clone, Serialize)]
struct Source {
    source: String,
    entries: usize,
}

impl TrustStatus {
    pub(super) fn read(root: &Root, policy: &Result<Policy, Finding>, request: &TrustRequest) -> Self {
        match policy.as_ref().map_err(Clone::clone).and_then(|policy| gather(root, policy, request)) {
            Ok(gathered) => Self::of(gathered),
            Err(finding) => Self { problems: vec![problem(&finding)], findings: vec![finding], ..Self::default() },
        }
    }

    fn of(Gathered { trust, warnings }: Gathered) -> Self {
        let (images, certificates, tbs) = trust.revocations.counts();
        let sources = trust.revocations.sources().into_iter();
        let anchors = trust.anchors.iter().map(|anchor| Anchor {
            subject: anchor.certificate.subject(),
            source: anchor.source.clone(),
            sha256: hex::encode(&anchor.certificate.sha256()),
        });
        Self {
            anchors: anchors.collect(),
            revoked: Revoked { images, certificates, tbs },
            revocations: sources.map(|(source, entries)| Source { source: source.to_owned(), entries }).collect(),
            sbat_level: trust.sbat_level.map(|level| level.date),
            problems: trust.unreadable.iter().map(problem).collect(),
            warnings: warnings.iter().map(Warning::slug).collect(),
            findings: trust.unreadable,
            notes: warnings,
        }
    }

    /// The problems, then who is trusted and what is revoked: in a line each, or in full.
    pub(super) fn rows(&self, site: Site, verbose: bool) -> Vec<Row> {
        let refused = |finding: &Finding| {
            let value = format!("every file is refused: {}", problem(finding));
            Row::advise(Mark::Bad, "problem", value, finding.reason.advice_on(site))
        };
        let warned = |warning: &Warning| {
            let value = format!("{} ({})", warning.message, warning.slug());
            Row::advise(Mark::Notice, "warning", value, warning.caution.advice())
        };
        let mut rows: Vec<_> = self.findings.iter().map(refused).collect();
        rows.extend(self.notes.iter().map(warned));
        rows.push(self.anchors_row());
        if verbose {
            rows.extend(self.anchors.iter().map(|anchor| {
                Row::of("anchor", vec![format!("{} ({})", anchor.subject, anchor.source), anchor.sha256.clone()])
            }));
        }
        rows.push(Row::plain("revoked", self.revoked_line()));
        if verbose && !self.revocations.is_empty() {
            let lines = self.revocations.iter().map(|Source { source, entries }| format!("{source}: {entries}"));
            rows.push(Row::of("by", lines.collect()));
        }
        rows
    }

    fn anchors_row(&self) -> Row {
        let sources: BTreeSet<_> = self.anchors.iter().map(|anchor| anchor.source.as_str()).collect();
        let sources: Vec<_> = sources.into_iter().collect();
        match self.anchors.len() {
            0 => Row::advise(Mark::Notice, "trusted", "nobody", NAME_CERTIFICATES),
            1 => Row::plain("trusted", format!("1 certificate, from {}", sources.join(", "))),
            count => Row::plain("trusted", format!("{count} certificates, from {}", sources.join(", "))),
        }
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
        let request = TrustRequest { system: true, ..TrustRequest::default() };
        TrustStatus::read(tree.root(), &Policy::read(tree.root()), &request)
    }

    fn lines(rows: Vec<Row>) -> Vec<(&'static str, Vec<String>)> {
        rows.into_iter().map(|row| (row.key, row.values)).collect()
    }

    #[test]
    fn the_firmware_and_shim_are_named() {
        let tree = Tree::new();
        set_variable(&tree, "MokListRT", SHIM, 6, &forge::esl::x509(&forge::root_der()));
        set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, &forge::esl::sha256(&[vec![7; 32], vec![8; 32]]));
        set_variable(&tree, "SbatLevelRT", SHIM, 6, b"sbat,1,2025021800\nshim,4\n");
        let root = crate::trust::cert::Certificate::parse(&forge::root_der()).unwrap();
        let sha256 = hex::encode(&root.sha256());
        let trusted = ("trusted", vec!["1 certificate, from MokListRT".to_owned()]);
        let revoked = ("revoked", vec!["images: 2, SBAT level: 2025021800".to_owned()]);
        let short = [trusted.clone(), revoked.clone()];
        assert_eq!(lines(read(&tree).rows(Site::default(), false)), short);
        let anchor = ("anchor", vec![format!("{} (MokListRT)", root.subject()), sha256]);
        let full = [trusted, anchor, revoked, ("by", vec!["dbx: 2".to_owned()])];
        assert_eq!(lines(read(&tree).rows(Site::default(), true)), full);
    }

    #[test]
    fn a_list_that_refuses_everything_is_named() {
        let tree = Tree::new();
        set_variable(&tree, "dbx", IMAGE_SECURITY, 0x27, b"broken");
        let rows = read(&tree).rows(Site::default(), false);
        let first = &rows[0];
        assert_eq!((first.mark, first.key), (Mark::Bad, "problem"));
        assert!(first.values[0].starts_with("every file is refused") && first.values[0].contains("dbx"), "{rows:?}");
        assert!(first.values[0].ends_with("(revocation-unreadable)") && first.advice.is_some(), "{rows:?}");
        assert_eq!(rows[1].values, ["nobody"]);
    }
}
