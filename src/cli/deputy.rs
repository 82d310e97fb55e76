//! Leaving the running system after a load. A second process does it: the one that loads has given up the rights that hooks and
//! programs need, before it read what others wrote.

use super::leave::{leave, scheduled};
use super::output::Output;
use crate::confine;
use crate::exec::Request;
use crate::reason::{Caution, Reason, Warning};
use crate::sys::{Asking, Split};
use crate::system::System;
use anyhow::anyhow;
use serde::{Deserialize, Serialize};

/// Who leaves the running system.
pub(super) enum Deputy<'a> {
    /// The second process, and the exit code where it does not answer.
    Process(Asking, u8),
    /// This one.
    Here(Task<'a>),
}

/// What is to be done, and which exit codes it has.
pub(super) struct Task<'a> {
    pub(super) system: System<'a>,
    pub(super) request: Request,
    pub(super) code_of: fn(Reason) -> u8,
    pub(super) failed: u8,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    /// The exit code.
    pub(super) code: u8,
    /// The second since 1970 at which the machine shuts down; nothing where it does so at once.
    pub(super) at: Option<i64>,
    /// Why it does not.
    pub(super) stayed: Option<Stayed>,
}

/// Why the machine goes on running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stayed {
    /// Nothing for an error that is not in the table.
    reason: Option<String>,
    message: String,
}

impl<'a> Deputy<'a> {
    /// Makes the second process; then this one gives up what a load does not need.
    pub(super) fn appoint(task: Task<'a>, output: &mut Output<'_>) -> Self {
        let system = task.system;
        let deputy = match system.kexec.split() {
            Ok(Some(Split::Answers(line))) => line.end(|question| {
                let identity = std::str::from_utf8(question).ok().and_then(identity_in);
                serde_json::to_vec(&task.perform(identity, output)).unwrap_or_default()
            }),
            Ok(Some(Split::Asks(line))) => Self::Process(line, task.failed),
            Ok(None) => Self::Here(task),
            Err(error) => {
                let message = format!("skexec keeps all its rights, because it cannot start a process: {error}");
                let warning = Warning::new(Caution::NotConfined, message);
                output.logged_fault(&format!("warning: {} ({})", warning.message, warning.slug()));
                return Self::Here(task);
            }
        };
        confine::to_change(system);
        deputy
    }

    /// Leaves the running system, into the load of this identity where one was made for that. Why it does not is told.
    pub(super) fn leave(self, identity: Option<&str>, output: &mut Output<'_>) -> Left {
        let (line, failed) = match self {
            Self::Here(task) => return task.perform(identity, output),
            Self::Process(line, failed) => (line, failed),
        };
        let question = format!("{BOOT}{}", identity.unwrap_or_default());
        let left = line.ask(question.as_bytes()).and_then(|answer| Ok(serde_json::from_slice(&answer)?));
        left.unwrap_or_else(|error| {
            let error = anyhow!("the process that shuts the machine down has ended without an answer: {error}");
            Left::failed(failed, &error, output)
        })
    }
}

/// What the second process is asked; the identity follows, where there is one.
const BOOT: &str = "boot ";

fn identity_in(question: &str) -> Option<&str> {
    question.strip_prefix(BOOT).filter(|identity| !identity.is_empty())
}

impl Task<'_> {
    fn perform(&self, identity: Option<&str>, output: &mut Output<'_>) -> Left {
        let request = Request { identity: identity.map(Into::into), ..self.request.clone() };
        let left = leave(self.system, &request, output).and_then(|left| {
            Ok(match left {
                Ok(outcome) => Left { code: 0, at: scheduled(outcome), stayed: None },
                Err(finding) => {
                    output.refusal(None, &finding)?;
                    let reason = Some(finding.reason.slug().into());
                    let stayed = Some(Stayed { reason, message: finding.sentence(None) });
                    Left { code: (self.code_of)(finding.reason), at: None, stayed }
                }
            })
        });
        left.unwrap_or_else(|error| Left::failed(self.failed, &error, output))
    }
}

impl Left {
    fn failed(code: u8, error: &anyhow::Error, output: &mut Output<'_>) -> Self {
        let message = format!("{error:#}");
        output.failed(&message);
        Self { code, at: None, stayed: Some(Stayed { reason: None, message }) }
    }
}
