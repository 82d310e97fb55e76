//! One of the two system calls.

use super::section::{Mark, Row};
use crate::arch::Platform;
use crate::machine::Machine;
use crate::permit;
use crate::reason::{Finding, Site};
use crate::system::{Method, Slot};
use serde::Serialize;

/// Whether it works here, and why not.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MethodStatus {
    pub(super) call: &'static str,
    /// Whether the kernel has the call; nothing where that cannot be read.
    pub(super) present: Option<bool>,
    pub(super) permitted: bool,
    pub(super) reason: Option<&'static str>,
    pub(super) message: Option<String>,
    #[serde(skip)]
    pub(super) finding: Option<Finding>,
}

impl MethodStatus {
    pub(super) fn read(machine: &Machine, platform: &Platform, method: Method) -> Self {
        let finding = permit::may_load(method, machine, platform, Slot::Reboot).err();
        Self {
            call: method.call(),
            present: match method {
                Method::File => machine.kexec.file_load,
                Method::Segments => machine.kexec.segments,
            },
            permitted: finding.is_none(),
            reason: finding.as_ref().map(|finding| finding.reason.slug()),
            message: finding.as_ref().map(ToString::to_string),
            finding,
        }
    }

    /// `forbidden` is how a row counts that says no; `other` is the method of the row before.
    pub(super) fn row(&self, method: Method, forbidden: Mark, other: Option<&Self>, site: Site) -> Row {
        let key = method.name();
        match &self.finding {
            Some(_) if other.is_some_and(|other| other.finding == self.finding) => {
                Row { mark: forbidden, ..Row::plain(key, "does not work, for the same reason") }
            }
            Some(finding) => {
                let value = format!("does not work: {finding} ({})", finding.reason);
                Row::advise(forbidden, key, value, finding.reason.advice_on(site))
            }
            None if self.present.is_none() => {
                Row::plain(key, format!("works if the running kernel has {}, which cannot be read", self.call))
            }
            None => Row::plain(key, format!("works, by {}", self.call)),
        }
    }
}
