//! What a load has found out so far, so that its report is made once, at the end, however it ended.

use super::hand_over::Done;
use super::obstacles::Seen;
use super::outcome::{Outcome, Plan};
use super::stop::Stop;
use crate::arch::Platform;
use crate::authorize::addons::Addon;
use crate::authorize::{Assessment, Authorized, Basis, Binding};
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Caution, Refusal, Warning};
use crate::report::{Report, Subject};
use crate::sealed::Sealed;
use std::path::PathBuf;
use std::time::SystemTime;

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    subject: Subject,
    /// The kernel, as soon as it is known.
    kernel: Option<PathBuf>,
    warnings: Vec<Warning>,
    waived: Option<Refusal>,
    covers: Vec<&'static str>,
    /// The running kernel's keys that the image's signature leads to.
    keys: Vec<String>,
    pub(super) plan: Option<Plan>,
    /// What a dry run saw of the kernel.
    pub(super) seen: Option<Seen>,
    /// The machine that a dry run saw.
    pub(super) here: Option<(Machine, Platform)>,
    loaded: bool,
    locked: Option<bool>,
    identity: Option<String>,
}

impl Account {
    pub(super) fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
    }

    /// Notes what was found out about the signature of a manifest, a refusal as well.
    pub(super) fn judged_manifest(&mut self, assessment: &Assessment<Sealed>) {
        self.warn(assessment.judgement.evidence.warnings(SystemTime::now()));
        self.subject = Subject::of(assessment);
    }

    /// Notes what a manifest with a valid signature binds.
    pub(super) fn binds(&mut self, binding: &Binding) {
        self.subject.binds(binding);
    }

    /// Notes what was found out about the kernel, a refusal as well.
    pub(super) fn assessed(&mut self, assessment: &Assessment<Sealed>, machine: &Machine) {
        let evidence = &assessment.judgement.evidence;
        self.keys = permit::held_keys(machine, &evidence.needs);
        self.kernel = Some(assessment.judgement.subject().sealed().path().to_owned());
        if self.subject.is_bound() {
            self.subject.bound_kernel(assessment);
        } else {
            self.warn(evidence.warnings(SystemTime::now()));
            self.subject = Subject::of(assessment);
        }
    }

    /// Notes that the kernel may be loaded as far as its own bytes are concerned.
    pub(super) fn accepted(&mut self) {
        self.subject.accepted();
    }

    /// Notes what the add-ons warn of.
    pub(super) fn addons(&mut self, (addons, warnings): (Vec<Addon>, Vec<Warning>)) -> Vec<Addon> {
        self.warn(warnings);
        addons
    }

    /// Notes that the kernel may be loaded, and warns of what was waived for that.
    pub(super) fn authorized(&mut self, authorized: &Authorized) {
        self.covers = authorized.covers();
        let added: Vec<_> = authorized.initrds().added().iter().map(|file| file.path.as_str()).collect();
        if !added.is_empty() {
            let message = format!("no signature covers what is added to the initrd: {}", added.join(", "));
            self.warn([Warning::new(Caution::Injected, message)]);
        }
        if let Basis::Waived(refusal) = authorized.basis() {
            let what: Vec<_> = refusal.iter().map(|finding| finding.reason.slug()).collect();
            let message = format!("the kernel was not verified, because this was waived: {}", what.join(", "));
            self.warn([Warning::new(Caution::InsecureUnsigned, message)]);
            self.waived = Some(refusal.clone());
        }
    }

    /// Notes that the running kernel has taken the image.
    pub(super) fn done(&mut self, done: Done) {
        self.loaded = true;
        self.locked = done.locked;
        self.identity = done.identity;
        self.warn(done.warnings);
    }

    /// Makes the report, about `path` where the kernel is not known.
    pub(super) fn close(self, path: PathBuf, end: Result<(), Stop>) -> anyhow::Result<Outcome> {
        let refusal = match end {
            Ok(()) => None,
            Err(Stop::Refused(refusal)) => Some(refusal),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let Self { subject, kernel, warnings, waived, covers, keys, plan, seen, here, loaded, locked, identity } = self;
        let report = Report::new(&kernel.unwrap_or(path), subject, &warnings, covers, refusal, waived);
        Ok(Outcome { report, warnings, plan, keys, loaded, locked, identity, seen, here })
    }
}
