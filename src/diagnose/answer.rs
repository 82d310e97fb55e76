//! The answer: whether something can be booted, or loaded.

use super::method::MethodStatus;
use super::reboot;
use super::section::Title;
use super::slot::SlotStatus;
use super::trust::{NAME_CERTIFICATES, TrustStatus};
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Finding, Site};
use serde::Serialize;

/// A sentence, and what to do.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Answer {
    /// A kernel that skexec verified is loaded, or one can be loaded.
    ready: bool,
    answer: String,
    advice: Option<String>,
}

/// What the answer depends on.
pub(super) struct Facts<'a> {
    pub(super) machine: &'a Machine,
    pub(super) slot: &'a SlotStatus,
    pub(super) file: &'a MethodStatus,
    pub(super) segments: &'a MethodStatus,
    pub(super) trust: &'a TrustStatus,
    pub(super) site: Site,
}

impl Answer {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let loaded = facts.slot.kernel().filter(|_| facts.slot.loaded == Some(true));
        match (loaded, permit::may_jump(facts.machine)) {
            (Some(kernel), Ok(())) => {
                let proved = facts.slot.standing == Some("proved");
                let how = if proved { "is loaded" } else { "was loaded last by skexec" };
                let force = if reboot::exec(facts.machine, facts.slot).is_ok() { "" } else { " --force" };
                Self::yes(format!("{kernel} {how}; skexec exec{force} boots what is loaded"), None)
            }
            // What could be loaded could not be booted.
            (_, Err(finding)) => Self::no(&finding, facts.site),
            (None, Ok(())) => facts.loadable(),
        }
    }

    fn yes(what: String, advice: Option<&str>) -> Self {
        Self { ready: true, answer: format!("Ready: {what}"), advice: advice.map(Into::into) }
    }

    fn no(why: &Finding, site: Site) -> Self {
        let answer = format!("Not possible, because {why} ({})", why.reason);
        Self { ready: false, answer, advice: Some(why.reason.advice_on(site).into()) }
    }

    fn unknown(what: &str) -> Self {
        let advice = "see that /proc is mounted, and whether /boot has the running kernel's configuration";
        Self { ready: false, answer: format!("Not known: {what} cannot be read"), advice: Some(advice.into()) }
    }

    /// What to do.
    pub(super) fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    pub(super) fn title(&self) -> Title {
        Title { good: self.ready, text: self.answer.clone(), advice: self.advice.clone() }
    }
}

impl Facts<'_> {
    /// Whether a load is permitted, and whether anything would be trusted.
    fn loadable(&self) -> Answer {
        if let (Some(finding), false) = (&self.file.finding, self.segments.permitted) {
            return Answer::no(finding, self.site);
        }
        if let Some(finding) = self.trust.findings.first() {
            return Answer::no(finding, self.site);
        }
        let methods: Vec<_> = [self.file, self.segments].into_iter().filter(|method| method.permitted).collect();
        let calls: Vec<_> = methods.iter().map(|method| method.call).collect();
        let calls = calls.join(" or ");
        if methods.iter().all(|method| method.present.is_none()) {
            return Answer::unknown(&format!("whether the running kernel has {calls}"));
        }
        let can = format!("a kernel can be loaded, by {calls}");
        if self.trust.anchors.is_empty() {
            return Answer::yes(format!("{can}; but nobody's signature is trusted"), Some(NAME_CERTIFICATES));
        }
        let foreign = self.slot.loaded == Some(true);
        Answer::yes(if foreign { format!("{can}; skexec does not know the one that is loaded now") } else { can }, None)
    }
}
