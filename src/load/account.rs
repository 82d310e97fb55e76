//! What was learnt on the way, so that the report is made once, at the end, however the load ended.

use super::outcome::{Outcome, Plan};
use crate::authorize::{Assessment, Authorized, Basis};
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Caution, Finding, Refusal, Warning};
use crate::report::{Report, Subject};
use crate::sealed::Sealed;
use std::path::Path;
use std::time::SystemTime;

/// What was learnt so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    subject: Subject,
    warnings: Vec<Warning>,
    waived: Option<Refusal>,
    covers: Vec<&'static str>,
    /// The running kernel's keys that the image's signature leads to.
    keys: Vec<String>,
    pub(super) plan: Option<Plan>,
    pub(super) loaded: bool,
}

impl Account {
    pub(super) fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
    }

    /// The kernel was looked at, whatever came of it.
    pub(super) fn assessed(&mut self, assessment: &Assessment<Sealed>, machine: &Machine) {
        let evidence = &assessment.judgement.evidence;
        self.warn(evidence.warnings(SystemTime::now()));
        self.keys = permit::held_keys(machine, &evidence.needs);
        self.subject = Subject::of(assessment);
    }

    /// It may be loaded; what was waived for that is said wherever it is said that it may.
    pub(super) fn authorized(&mut self, authorized: &Authorized) {
        self.covers = authorized.covers();
        if let Basis::Waived(refusal) = authorized.basis() {
            let what: Vec<_> = refusal.iter().map(|finding| finding.reason.slug()).collect();
            let message = format!("not verified: {} was waived", what.join(", "));
            self.warn([Warning::new(Caution::InsecureUnsigned, message)]);
            self.waived = Some(refusal.clone());
        }
    }

    /// The one report.
    pub(super) fn close(self, kernel: &Path, end: Result<(), Stop>) -> anyhow::Result<Outcome> {
        let refusal = match end {
            Ok(()) => None,
            Err(Stop::Refused(refusal)) => Some(refusal),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let Self { subject, warnings, waived, covers, keys, plan, loaded } = self;
        let report = Report::new(kernel, subject, &warnings, covers, refusal, waived);
        Ok(Outcome { report, warnings, plan, keys, loaded })
    }
}

/// Why a load went no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// For reasons of the table.
    Refused(Refusal),
    /// For another: input, output, internal.
    Failed(anyhow::Error),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Refused(finding.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
