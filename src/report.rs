//! What skexec says of a file, for people and, by the JSON of the design page, for scripts.

use crate::authorize::{Assessment, Role};
use crate::digest::Digest;
use crate::hex;
use crate::image::Format;
use crate::prediction::Hazard;
use crate::reason::{Exit, Refusal, Warning};
use crate::sealed::Sealed;
use crate::trust::Signer;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One file's report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    schema: u32,
    path: String,
    verdict: &'static str,
    reasons: Vec<&'static str>,
    reason: Option<&'static str>,
    message: String,
    warnings: Vec<&'static str>,
    format: &'static str,
    covers: Vec<&'static str>,
    digest: Option<DigestReport>,
    signer: Option<SignerReport>,
    kernel: KernelReport,
    #[serde(skip)]
    subject: PathBuf,
    #[serde(skip)]
    refusal: Option<Refusal>,
    #[serde(skip)]
    release: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct DigestReport {
    algorithm: &'static str,
    value: String,
}

#[derive(Debug, Clone, Serialize)]
struct SignerReport {
    subject: String,
    issuer: String,
    sha256: String,
}

#[derive(Debug, Clone, Default, Serialize)]
struct KernelReport {
    errno: Option<i32>,
    name: Option<&'static str>,
    hazard: Option<&'static str>,
}

impl From<&Digest> for DigestReport {
    fn from(digest: &Digest) -> Self {
        Self { algorithm: digest.algorithm.name(), value: hex::encode(&digest.value) }
    }
}

impl From<&Signer> for SignerReport {
    fn from(signer: &Signer) -> Self {
        Self { subject: signer.subject.clone(), issuer: signer.issuer.clone(), sha256: hex::encode(&signer.sha256) }
    }
}

/// What was found out about a file, whoever asked; nothing before it was looked at.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    format: Option<Format>,
    release: Option<String>,
    digest: Option<DigestReport>,
    signer: Option<SignerReport>,
    kernel: KernelReport,
    trusted: bool,
}

impl Subject {
    /// What an assessment found out.
    #[must_use]
    pub fn of(Assessment { judgement, prediction }: &Assessment<Sealed>) -> Self {
        let (candidate, evidence) = (judgement.subject(), &judgement.evidence);
        // No kernel is asked about a signature that it does not look for. That a file crashes kernels stays true.
        let asked = prediction.filter(|_| evidence.kernel_looks);
        Self {
            format: Some(candidate.format()),
            release: candidate.loadable().ok().and_then(|kernel| kernel.release().map(Into::into)),
            digest: evidence.digest.as_ref().map(Into::into),
            signer: evidence.signer.as_ref().map(Into::into),
            kernel: KernelReport {
                errno: asked.and_then(|prediction| prediction.errno),
                name: asked.and_then(|prediction| prediction.name()),
                hazard: prediction.and_then(|prediction| prediction.hazard).map(Hazard::name),
            },
            trusted: judgement.outcome.is_ok(),
        }
    }
}

impl Report {
    /// The report of an assessment alone, for `verify`.
    #[must_use]
    pub fn of(path: &Path, role: Role, assessment: &Assessment<Sealed>, warnings: &[Warning]) -> Self {
        let refusal = assessment.judgement.outcome.as_ref().err().map(|refused| refused.refusal.clone());
        let covers = if refusal.is_none() { vec![role.name()] } else { Vec::new() };
        Self::new(path, Subject::of(assessment), warnings, covers, refusal, None)
    }

    /// The report of a file that was not judged, because something came before.
    #[must_use]
    pub fn refused(path: &Path, refusal: Refusal, warnings: &[Warning]) -> Self {
        Self::new(path, Subject::default(), warnings, Vec::new(), Some(refusal), None)
    }

    /// The report at the end of a command: what was found out, what the proof covers, why the file was refused, by its own fault, the
    /// machine's or a policy's, and what was waived. What was waived stays the verdict on the file, but does not count for the exit
    /// code.
    #[must_use]
    pub fn new(
        path: &Path,
        subject: Subject,
        warnings: &[Warning],
        covers: Vec<&'static str>,
        refusal: Option<Refusal>,
        waived: Option<Refusal>,
    ) -> Self {
        let all = || waived.iter().chain(&refusal).flat_map(Refusal::iter);
        let first = all().next();
        let message = match first {
            Some(finding) => finding.sentence(Some(path)),
            None if subject.trusted => "the signature is valid and its signer is trusted".into(),
            None => "it was not judged".into(),
        };
        Self {
            schema: 1,
            path: path.display().to_string(),
            verdict: if first.is_none() && subject.trusted { "trusted" } else { "refused" },
            reasons: all().map(|finding| finding.reason.slug()).collect(),
            reason: first.map(|finding| finding.reason.slug()),
            message,
            warnings: warnings.iter().map(Warning::slug).collect(),
            format: subject.format.unwrap_or(Format::Unknown).name(),
            covers: if refusal.is_some() { Vec::new() } else { covers },
            digest: subject.digest,
            signer: subject.signer,
            kernel: subject.kernel,
            release: subject.release,
            subject: path.to_owned(),
            refusal,
        }
    }

    /// Who signed, where that was proved.
    #[must_use]
    pub fn signer(&self) -> Option<&str> {
        self.signer.as_ref().filter(|_| self.verdict == "trusted").map(|signer| signer.subject.as_str())
    }

    /// Why not; nothing when it is trusted, or when what speaks against it was waived.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// The exit code that this report alone would give.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.refusal.as_ref().map_or(Exit::Done, Refusal::exit)
    }

    /// The lines for people, without the path.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let format = self
            .release
            .as_ref()
            .map_or_else(|| self.format.to_owned(), |release| format!("{} {release}", self.format));
        for (index, finding) in self.refusal.iter().flat_map(Refusal::iter).enumerate() {
            let sentence = finding.sentence(Some(&self.subject));
            lines.push((if index == 0 { "why" } else { "also" }, format!("{sentence} ({})", finding.reason)));
        }
        if let Some(refusal) = &self.refusal {
            lines.push(("do", refusal.first().reason.advice().to_owned()));
        }
        lines.push(("format", format));
        if let Some(digest) = &self.digest {
            lines.push(("digest", format!("{}:{}", digest.algorithm, digest.value)));
        }
        if let Some(signer) = &self.signer {
            let alleged = if self.refusal.is_none() { "" } else { " (alleged)" };
            lines.push(("signer", format!("{}{alleged}", signer.subject)));
            lines.push(("issuer", signer.issuer.clone()));
        }
        if !self.covers.is_empty() {
            lines.push(("covers", self.covers.join(", ")));
        }
        match (self.kernel.hazard, self.kernel.name) {
            (Some(hazard), _) => lines.push(("kernel", format!("would crash ({hazard})"))),
            (None, Some("OK")) => lines.push(("kernel", "under enforcement it would take the file".to_owned())),
            (None, Some(name)) => lines.push(("kernel", format!("under enforcement it would answer {name}"))),
            (None, None) => {}
        }
        lines
    }

    /// `trusted` or `refused`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        self.verdict
    }
}
