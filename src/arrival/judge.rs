//! Whether the running kernel is the one that was expected.

use super::expected::{Expected, Image};
use super::now::Now;
use super::words;
use serde::{Deserialize, Serialize};

/// How a boot began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The expected kernel came up.
    Expected,
    /// kexec started another one.
    OtherKernel,
    /// The firmware started this boot, in spite of a jump that skexec was asked for.
    NeverCameUp,
    /// The firmware started this boot, and skexec was not asked to jump, or for a later time.
    NotExecuted,
}

impl Outcome {
    /// The name in JSON and in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::OtherKernel => "other-kernel",
            Self::NeverCameUp => "never-came-up",
            Self::NotExecuted => "not-executed",
        }
    }
}

/// What shows that the expected kernel came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Proof {
    /// The mark in its boot data.
    Memory,
    /// kexec started it, and it has the release and the command line that were expected.
    Facts,
}

impl Proof {
    /// The name in JSON and in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Facts => "facts",
        }
    }
}

/// How this boot began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrival {
    /// This boot.
    pub(super) boot_id: String,
    pub(crate) outcome: Outcome,
    pub(crate) proof: Option<Proof>,
    /// The outcome as a sentence.
    pub(crate) message: String,
    /// Why the expected kernel did not come up, as far as that is known.
    pub(crate) why: Vec<String>,
    /// From the command that jumped to the start of this kernel, in milliseconds; nothing where it is not known, or where the clock was
    /// set back in between.
    pub(crate) after_exec_ms: Option<u64>,
    pub(crate) expected: Expected,
}

impl Arrival {
    /// Nothing where nothing was expected, or where it is this boot that expects it.
    pub(super) fn judge(file: Option<Expected>, now: &Now) -> Option<Self> {
        let boot_id = now.boot_id.clone()?;
        let file = file.filter(|expected| now.is_after(&expected.boot_id));
        let mark = now.mark.clone().filter(|mark| now.is_after(&mark.boot_id));
        let (expected, (outcome, proof, why)) = match (mark, file) {
            // Only the file knows when the jump was made.
            (Some(mark), Some(file)) if same(&mark, &file) => (file, (Outcome::Expected, Some(Proof::Memory), vec![])),
            (Some(mark), _) => (mark, (Outcome::Expected, Some(Proof::Memory), vec![])),
            (None, Some(file)) => {
                let judged = compare(&file, now);
                (file, judged)
            }
            (None, None) => return None,
        };
        let exec = expected.exec.as_ref().map(|exec| exec.time_ms);
        let after_exec_ms = now.start_ms.zip(exec).and_then(|(start, exec)| start.checked_sub(exec));
        let message = words::message(outcome, &expected, after_exec_ms, &now.release);
        Some(Self { boot_id, outcome, proof, message, why, after_exec_ms, expected })
    }
}

impl Arrival {
    /// What shows why a kernel never came up may be there only after a driver was loaded.
    pub(super) fn looked_at_again(self, now: &Now) -> Self {
        match self.outcome {
            Outcome::NeverCameUp => Self { why: words::why(&self.expected, now), ..self },
            Outcome::Expected | Outcome::OtherKernel | Outcome::NotExecuted => self,
        }
    }
}

/// Whether both speak of one image in one boot.
fn same(mark: &Expected, file: &Expected) -> bool {
    let digests = |expected: &Expected| {
        let image = expected.image.as_ref()?;
        Some((image.kernel_sha256.clone(), image.cmdline_sha256.clone()))
    };
    mark.boot_id == file.boot_id && digests(mark) == digests(file)
}

fn compare(expected: &Expected, now: &Now) -> (Outcome, Option<Proof>, Vec<String>) {
    let differences = expected.image.as_ref().map(|image| differences(image, now)).unwrap_or_default();
    let arrived = differences.is_empty();
    // Of an image that another program loaded, nothing is known that could be compared.
    let proof = expected.image.as_ref().map(|_| Proof::Facts);
    match (now.by_kexec, expected.exec.is_some()) {
        (Some(true), _) if arrived => (Outcome::Expected, proof, vec![]),
        (None, true) if arrived => (Outcome::Expected, proof, vec![]),
        (Some(true), _) => (Outcome::OtherKernel, None, differences),
        (_, true) if is_too_early(expected, now) => (Outcome::NotExecuted, None, vec![]),
        (_, true) => (Outcome::NeverCameUp, None, words::why(expected, now)),
        (_, false) => (Outcome::NotExecuted, None, vec![]),
    }
}

/// Whether this kernel started before the time of the jump.
fn is_too_early(expected: &Expected, now: &Now) -> bool {
    expected.exec.as_ref().zip(now.start_ms).is_some_and(|(exec, start)| exec.is_after(start))
}

/// What shows that this is not the image.
fn differences(image: &Image, now: &Now) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(release) = image.short_release().filter(|release| *release != now.release) {
        found.push(format!("this kernel is {}, and {release} was expected", now.release));
    }
    if image.cmdline_sha256 != now.cmdline_sha256 {
        found.push("this kernel has another command line".into());
    }
    if image.marked && now.shows_marks {
        found.push("this kernel lacks the mark that skexec put into the boot data".into());
    }
    found
}
