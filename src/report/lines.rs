//! A report for people: a key and a value a line.

use super::parts::CertificateReport;
use super::{ManifestReport, Report};
use crate::image::Format;
use crate::reason::{Refusal, Site};

type Lines = Vec<(&'static str, String)>;

impl Report {
    /// The lines for people, without the path. `verbose` adds the certificates' details.
    #[must_use]
    pub fn lines(&self, site: Site, verbose: bool) -> Vec<(&'static str, String)> {
        let mut lines = self.refusal_lines(site);
        lines.extend(self.file_lines(verbose));
        lines
    }

    /// Everything that speaks against the file, and what to do on a machine like this one.
    #[must_use]
    pub fn refusal_lines(&self, site: Site) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let Some(refusal) = self.waived.as_ref().or(self.refusal.as_ref()) else { return lines };
        for (index, finding) in refusal.iter().enumerate() {
            let sentence = finding.sentence(Some(&self.subject));
            lines.push((if index == 0 { "why" } else { "also" }, format!("{sentence} ({})", finding.reason)));
        }
        lines.extend(self.refusal.as_ref().map(|refusal| ("do", advice(refusal, site))));
        lines
    }

    /// What the file is, who signed it and what the reference kernel would say.
    #[must_use]
    pub fn file_lines(&self, verbose: bool) -> Vec<(&'static str, String)> {
        let release = self.release.as_ref().map(|release| format!(" {release}")).unwrap_or_default();
        let mut lines = vec![("format", format!("{}{release}", self.format))];
        // Its algorithm is the key, so that a line of 80 columns holds a SHA-256.
        lines.extend(self.digest.as_ref().map(|digest| (digest.algorithm, digest.value.clone())));
        lines.extend(self.signer_lines(verbose));
        lines.extend(self.manifest.as_ref().map(ManifestReport::lines).unwrap_or_default());
        if !self.covers.is_empty() {
            lines.push(("covers", self.covers.join(", ")));
        }
        lines.extend(self.kernel_line());
        lines
    }

    /// Who signed, and which trusted certificate that was proved by.
    #[must_use]
    pub fn signer_lines(&self, verbose: bool) -> Vec<(&'static str, String)> {
        let Some(signer) = &self.signer else { return Vec::new() };
        let claimed = if self.trusted { "" } else { " (claimed, not verified)" };
        let mut lines = vec![("signer", format!("{}{claimed}", signer.subject)), ("issuer", signer.issuer.clone())];
        if verbose {
            lines.extend(details(signer));
            lines
                .extend(self.signing_time.clone().map(|time| ("signed", format!("{time}, by the signer's own clock"))));
        }
        if let Some(anchor) = &self.anchor {
            lines.push(("anchor", format!("{} (from {})", anchor.subject, anchor.place())));
        }
        if verbose {
            lines.extend(self.chain_lines());
        }
        lines
    }

    fn chain_lines(&self) -> Lines {
        let key = |index| if index == 0 { "chain" } else { "" };
        self.chain.iter().enumerate().map(|(index, link)| (key(index), link.subject.clone())).collect()
    }

    fn kernel_line(&self) -> Option<(&'static str, String)> {
        let what = if self.format == Format::Uki.name() { "the kernel in it (.linux)" } else { "the file" };
        let said = match (self.kernel.hazard, self.kernel.name) {
            (Some(hazard), _) => format!("the reference kernel would crash ({hazard})"),
            (None, Some("OK")) => format!("a kernel that enforces signatures would accept {what}"),
            (None, Some(name)) => format!("a kernel that enforces signatures would refuse {what} with {name}"),
            (None, None) => return None,
        };
        Some(("kernel", said))
    }
}

fn advice(refusal: &Refusal, site: Site) -> String {
    refusal.first().reason.advice_on(site).to_owned()
}

fn details(signer: &CertificateReport) -> Lines {
    let date = |date: &Option<String>| date.clone().unwrap_or_else(|| "without end".to_owned());
    vec![
        ("cert", signer.sha256.clone()),
        ("key", signer.key_sha256.clone()),
        ("serial", signer.serial.clone()),
        ("valid", format!("{} to {}", date(&signer.not_before), date(&signer.not_after))),
    ]
}
