//! What skexec says of a file, for people and, by the JSON of the design page, for scripts.

use crate::authorize::Candidate;
use crate::hex;
use crate::image::Format;
use crate::reason::{Exit, Finding, Reason, Warning};
use crate::trust::digest::Digest;
use crate::trust::{Judgement, Signer};
use serde::Serialize;
use std::path::Path;

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
    findings: Vec<Finding>,
    #[serde(skip)]
    waived: Vec<Finding>,
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

/// As what a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To be booted.
    Kernel,
    /// To go with a kernel.
    Initrd,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
        }
    }
}

/// What the file is comes before who signed it; but a file that was changed after it was signed needs no other
/// explanation for whatever else is odd about it. That a file crashes kernels comes last: what crashes them says more.
#[must_use]
pub fn most_telling_first(not_loadable: Option<&Finding>, against: &[Finding]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = not_loadable.into_iter().chain(against).cloned().collect();
    findings.sort_by_key(|finding| finding.reason != Reason::DigestMismatch);
    findings
}

impl Report {
    /// The report of a judgement.
    #[must_use]
    pub fn new(path: &Path, role: Role, judgement: &Judgement<Candidate>, warnings: &[Warning]) -> Self {
        let (candidate, against) = match &judgement.outcome {
            Ok(verified) => (verified.subject(), [].as_slice()),
            Err(refused) => (&refused.subject, refused.findings.as_slice()),
        };
        let loadable = candidate.loadable();
        let unfit = loadable.err().filter(|_| role == Role::Kernel);
        let findings = most_telling_first(unfit, against);
        let covers = if findings.is_empty() && judgement.outcome.is_ok() { vec![role.name()] } else { Vec::new() };
        let prediction = &judgement.evidence.kernel;
        let refused = Self::refused(path, findings, warnings);
        let (verdict, message) = match covers.is_empty() {
            true => ("refused", refused.message.clone()),
            false => ("trusted", "the signature is valid and its signer is trusted".into()),
        };
        Self {
            verdict,
            message,
            format: candidate.format().name(),
            digest: judgement.evidence.digest.as_ref().map(Into::into),
            signer: judgement.evidence.signer.as_ref().map(Into::into),
            kernel: KernelReport {
                errno: prediction.errno,
                name: prediction.name(),
                hazard: prediction.hazard.map(|hazard| hazard.name()),
            },
            covers,
            release: loadable.ok().and_then(|kernel| kernel.release().map(Into::into)),
            ..refused
        }
    }

    /// The report of a file that was not judged, because it cannot be read or something else came before.
    #[must_use]
    pub fn refused(path: &Path, findings: Vec<Finding>, warnings: &[Warning]) -> Self {
        let first = findings.first();
        Self {
            schema: 1,
            path: path.display().to_string(),
            verdict: "refused",
            reasons: findings.iter().map(|finding| finding.reason.slug()).collect(),
            reason: first.map(|finding| finding.reason.slug()),
            message: first.map_or_else(|| "it was not judged".into(), Finding::to_string),
            warnings: warnings.iter().map(|warning| warning.slug).collect(),
            format: Format::Unknown.name(),
            covers: Vec::new(),
            digest: None,
            signer: None,
            kernel: KernelReport::default(),
            findings,
            waived: Vec::new(),
            release: None,
        }
    }

    /// Adds reasons that came up after the judgement: the machine's, or a policy's. What is refused for any reason covers
    /// nothing.
    pub fn refuse(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            // The same reason again knows more, as a rule.
            self.findings.retain(|known| known.reason != finding.reason);
            self.findings.push(finding);
        }
        let all = self.waived.iter().chain(&self.findings);
        self.reasons = all.clone().map(|finding| finding.reason.slug()).collect();
        if let Some(first) = all.clone().next() {
            self.verdict = "refused";
            self.reason = Some(first.reason.slug());
            self.message = first.to_string();
            self.covers.clear();
        }
    }

    /// Adds a warning that came up after the judgement.
    pub fn warn(&mut self, warning: &Warning) {
        self.warnings.push(warning.slug);
    }

    /// Lets what the user waived not count for the exit code. The verdict on the file stays what it is.
    pub fn waive(&mut self, warning: &Warning) {
        self.waived.append(&mut self.findings);
        self.warnings.push(warning.slug);
    }

    /// Says what else is proved.
    pub fn cover(&mut self, covers: Vec<&'static str>) {
        self.covers = covers;
    }

    /// Who signed, where that was proved.
    #[must_use]
    pub fn signer(&self) -> Option<&str> {
        self.signer.as_ref().filter(|_| self.verdict == "trusted").map(|signer| signer.subject.as_str())
    }

    /// Why not, the most telling first; nothing when it is trusted.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The exit code that this report alone would give.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.findings.first().map_or(Exit::Done, |finding| finding.reason.exit())
    }

    /// The lines for people, without the path.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let format = self
            .release
            .as_ref()
            .map_or_else(|| self.format.to_owned(), |release| format!("{} {release}", self.format));
        for (index, finding) in self.findings.iter().enumerate() {
            lines.push((if index == 0 { "why" } else { "also" }, format!("{finding} ({})", finding.reason)));
        }
        if let Some(finding) = self.findings.first() {
            lines.push(("do", finding.reason.advice().to_owned()));
        }
        lines.push(("format", format));
        if let Some(digest) = &self.digest {
            lines.push(("digest", format!("{}:{}", digest.algorithm, digest.value)));
        }
        if let Some(signer) = &self.signer {
            let alleged = if self.findings.is_empty() { "" } else { " (alleged)" };
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
