//! Every cause of an errno of `kexec_file_load(2)`, `kexec_load(2)` and `reboot(2)`, and which of them it was on this machine.
//!
//! The kernel answers with a number that stands for several causes. Each [`Cause`] has a test over facts that user space can read
//! after the call. Where the facts prove none, the possible causes are named, the most probable first. `docs/causes.md` is written from
//! the same table; a test compares the two.

mod fits;
mod table;

pub use table::CAUSES;

use crate::machine::Machine;
use crate::reason::{Errno, Finding, Reason};
use crate::sources::Root;
use crate::system::{Method, Slot};

/// What stands before the errno in the finding for a call that failed.
const ANSWERED: &str = "the kernel answered";

/// One of the system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `kexec_file_load`, a load or an unload.
    FileLoad,
    /// `kexec_load`, a load or an unload.
    SegmentsLoad,
    /// `reboot` with `LINUX_REBOOT_CMD_KEXEC`.
    Jump,
}

impl Call {
    /// The system call's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileLoad => Method::File.call(),
            Self::SegmentsLoad => Method::Segments.call(),
            Self::Jump => "reboot",
        }
    }
}

impl From<Method> for Call {
    fn from(method: Method) -> Self {
        match method {
            Method::File => Self::FileLoad,
            Method::Segments => Self::SegmentsLoad,
        }
    }
}

/// One cause. What it means and what to do about it are those of its [`Reason`].
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// The reason that a command ends with.
    pub reason: Reason,
    /// The calls that answer so.
    pub calls: &'static [Call],
    /// The names of the errnos.
    pub errnos: &'static [&'static str],
    /// Why the kernel answers so: one sentence.
    pub why: &'static str,
    /// How user space tells it apart from the other causes of the errno.
    pub told: &'static str,
    fit: fn(&Facts<'_>) -> Fit,
}

/// What is known about a call that failed.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The call.
    pub call: Call,
    /// The kernel's answer, a positive number.
    pub errno: i32,
    /// The image that it was about.
    pub slot: Slot,
    /// The machine as it was when the checks before the call were made.
    pub before: &'a Machine,
    /// The machine after the call.
    pub after: &'a Machine,
}

/// How well a cause fits the facts, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The facts prove it, or the errno has no other cause.
    Sure,
    /// It is the most probable one.
    Likely,
    /// The fact that decides cannot be read.
    Possible,
    /// A check before the call found nothing of the kind.
    Checked,
    /// The facts exclude it.
    No,
}

impl Cause {
    fn is_about(&self, facts: &Facts<'_>) -> bool {
        let named = |errno: Errno| self.errnos.contains(&errno.name);
        self.calls.contains(&facts.call) && Errno::of(facts.errno).is_some_and(named)
    }

    /// The errnos in the C library's words, with their names.
    fn answers(&self) -> impl Iterator<Item = String> {
        self.errnos.iter().filter_map(|name| Errno::named(name)).map(|errno| errno.to_string())
    }
}

/// The finding for a call that failed, with the facts as they are now: another process may have changed them since the checks.
#[must_use]
pub(crate) fn of_failed(root: &Root, call: Call, errno: i32, slot: Slot, before: &Machine) -> Finding {
    explain(&Facts { call, errno, slot, before, after: &Machine::read(root) })
}

/// The finding for a call that failed although the checks before it found no fault.
fn explain(facts: &Facts<'_>) -> Finding {
    let about = CAUSES.iter().filter(|cause| cause.is_about(facts));
    let mut fitting: Vec<_> = about.map(|cause| ((cause.fit)(facts), cause)).collect();
    fitting.sort_by_key(|(fit, _)| *fit);
    let with =
        |wanted: fn(&Fit) -> bool| fitting.iter().filter(move |(fit, _)| wanted(fit)).map(|(_, cause)| cause.reason);
    let answered = format!("{ANSWERED} {}", Errno::describe(facts.errno));
    let open: Vec<_> = with(|fit| *fit < Fit::Checked).collect();
    match (fitting.first(), open.split_first()) {
        (Some((Fit::Sure, cause)), _) => Finding::new(cause.reason, answered),
        (_, Some((first, []))) => Finding::new(*first, answered),
        (_, Some((first, others))) => {
            let others = list(others.iter().copied(), |reason| format!("{} ({reason})", reason.means()));
            Finding::new(*first, format!("{answered}; this is the most probable cause; others are: {others}"))
        }
        (_, None) => {
            let checked = list(with(|fit| *fit == Fit::Checked), |reason| reason.slug().to_owned());
            let none = if checked.is_empty() {
                String::new()
            } else {
                format!("; skexec found none of its usual causes: {checked}")
            };
            Finding::new(Reason::KernelRefused, format!("{answered}{none}"))
        }
    }
}

fn list(reasons: impl Iterator<Item = Reason>, text: fn(Reason) -> String) -> String {
    reasons.map(text).collect::<Vec<_>>().join(", ")
}

/// What the kernel says to this, in the C library's words, and why: for whoever looks for those words. The errno is left out where the
/// finding has it already.
#[must_use]
pub(crate) fn kernel_says(finding: &Finding) -> Option<String> {
    let of_reason = || CAUSES.iter().filter(|cause| cause.reason == finding.reason);
    let said = |cause: &&Cause| cause.answers().any(|answer| finding.detail.contains(&answer));
    if let Some(cause) = of_reason().find(said) {
        return Some(cause.why.to_owned());
    }
    // An answer that has no row says no more than the finding does.
    let foreseen = of_reason().next().filter(|_| !finding.detail.contains(ANSWERED))?;
    Some(format!("{}: {}", foreseen.answers().collect::<Vec<_>>().join(" or "), foreseen.why))
}

#[cfg(test)]
mod tests;
