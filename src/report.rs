//! What skexec says of a file, for people and, as the JSON of docs/json.md, for scripts.

mod lines;
mod manifest;
mod parts;

use crate::authorize::{Assessment, Binding};
use crate::image::Format;
use crate::prediction::Hazard;
use crate::reason::{Exit, Refusal, Warning};
use crate::sealed::Sealed;
use crate::trust::rfc3339;
pub(crate) use manifest::ManifestReport;
pub(crate) use parts::AnchorReport;
use parts::{CertificateReport, DigestReport, KernelReport};
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
    signer: Option<CertificateReport>,
    /// Nothing unless the signature is proved, and so for the chain: from the signer to the anchor.
    anchor: Option<AnchorReport>,
    chain: Vec<CertificateReport>,
    signing_time: Option<String>,
    kernel: KernelReport,
    manifest: Option<ManifestReport>,
    #[serde(skip)]
    subject: PathBuf,
    /// The signature is proved; a machine that permits no load does not change that.
    #[serde(skip)]
    trusted: bool,
    /// It was read, and its signature was looked at.
    #[serde(skip)]
    judged: bool,
    #[serde(skip)]
    refusal: Option<Refusal>,
    #[serde(skip)]
    waived: Option<Refusal>,
    #[serde(skip)]
    release: Option<String>,
}

/// What was found out about a file, whoever asked; nothing before it was looked at.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    format: Option<Format>,
    release: Option<String>,
    digest: Option<DigestReport>,
    signer: Option<CertificateReport>,
    anchor: Option<AnchorReport>,
    chain: Vec<CertificateReport>,
    signing_time: Option<String>,
    kernel: KernelReport,
    manifest: Option<ManifestReport>,
    trusted: bool,
    judged: bool,
}

impl Subject {
    /// What an assessment found out.
    #[must_use]
    pub fn of(Assessment { judgement, prediction, .. }: &Assessment<Sealed>) -> Self {
        let (candidate, evidence) = (judgement.subject(), &judgement.evidence);
        // No kernel is asked about a signature that it does not look for. That a file crashes kernels stays true.
        let asked = prediction.filter(|_| evidence.kernel_looks);
        let trusted = judgement.outcome.is_ok();
        Self {
            format: Some(candidate.format()),
            release: candidate.loadable().ok().and_then(|kernel| kernel.release().map(Into::into)),
            digest: evidence.digest.as_ref().map(Into::into),
            signer: evidence.signer.as_ref().map(Into::into),
            anchor: AnchorReport::of(evidence).filter(|_| trusted),
            chain: if trusted { evidence.chain.iter().map(Into::into).collect() } else { Vec::new() },
            signing_time: evidence.signing_time.and_then(rfc3339),
            kernel: KernelReport {
                errno: asked.and_then(|prediction| prediction.errno),
                name: asked.and_then(|prediction| prediction.name()),
                hazard: prediction.and_then(|prediction| prediction.hazard).map(Hazard::name),
            },
            manifest: None,
            trusted,
            judged: true,
        }
    }

    /// Adds what a manifest binds.
    pub fn binds(&mut self, binding: &Binding) {
        self.manifest = Some(ManifestReport::new(binding.path(), binding.manifest()));
    }

    /// Whether a manifest binds it.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        self.manifest.is_some()
    }

    /// Goes on from the manifest, whose signature counts, to the kernel: it may be another one than the bound one until it is
    /// [`accepted`](Self::accepted).
    pub fn bound_kernel(&mut self, assessment: &Assessment<Sealed>) {
        let Self { format, release, kernel, .. } = Self::of(assessment);
        (self.format, self.release, self.kernel.hazard) = (format, release, kernel.hazard);
        self.trusted = false;
    }

    /// The kernel is the bound one.
    pub const fn accepted(&mut self) {
        self.trusted |= self.is_bound();
    }
}

impl Report {
    /// The report of an assessment alone, for `verify`.
    #[must_use]
    pub fn of(path: &Path, assessment: &Assessment<Sealed>, warnings: &[Warning]) -> Self {
        let refusal = assessment.judgement.outcome.as_ref().err().map(|refused| refused.refusal.clone());
        Self::new(path, Subject::of(assessment), warnings, assessment.covers(), refusal, None)
    }

    /// The report of a manifest for `verify`; `fault` is what is wrong with the bound files that are beside it.
    #[must_use]
    pub fn of_manifest(binding: &Binding, mut subject: Subject, fault: Option<Refusal>, warnings: &[Warning]) -> Self {
        subject.binds(binding);
        Self::new(binding.path(), subject, warnings, binding.covers(), fault, None)
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
            anchor: subject.anchor,
            chain: subject.chain,
            signing_time: subject.signing_time,
            kernel: subject.kernel,
            manifest: subject.manifest,
            release: subject.release,
            subject: path.to_owned(),
            trusted: subject.trusted,
            judged: subject.judged,
            refusal,
            waived,
        }
    }

    /// Who signed, where that was proved.
    #[must_use]
    pub fn signer(&self) -> Option<&str> {
        self.signer.as_ref().filter(|_| self.trusted).map(|signer| signer.subject.as_str())
    }

    /// The file that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.subject
    }

    /// Why not; nothing when it is trusted, or when what speaks against it was waived.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// What speaks against it and was waived.
    #[must_use]
    pub const fn waived(&self) -> Option<&Refusal> {
        self.waived.as_ref()
    }

    /// The exit code that this report alone would give.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.refusal.as_ref().map_or(Exit::Done, Refusal::exit)
    }

    /// Whether the file's signature is proved and its signer trusted, whatever this machine makes of it.
    #[must_use]
    pub const fn trusted(&self) -> bool {
        self.trusted
    }

    /// Whether the file was looked at; if not, nobody knows who signed it.
    #[must_use]
    pub const fn judged(&self) -> bool {
        self.judged
    }

    /// What the verified signatures cover; nothing if the file is refused.
    #[must_use]
    pub fn covers(&self) -> Vec<&'static str> {
        self.covers.clone()
    }

    /// The name of the file's format, such as `uki`.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// `trusted` or `refused`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        self.verdict
    }
}
