//! Why nothing was signed.

use skexec::reason::{Exit, Finding};
use std::fmt;
use std::io;
use std::path::Path;

/// A sentence for people, the exit code, and what to do where there is something to do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) advice: Option<&'static str>,
    message: String,
}

impl Failure {
    /// An error of input or output, or an internal one.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, advice: None, message: message.into() }
    }

    /// A file that is malformed, unsupported, or does not go with another.
    pub(crate) fn unsuitable(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unsuitable, advice: None, message: message.into() }
    }

    /// Options that contradict each other, or the files that exist.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, advice: None, message: message.into() }
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::failed(format!("cannot {what} {}: {error}", path.display()))
    }

    /// What the loader would find wrong with the file, before or after it was signed.
    pub(crate) fn found(path: &Path, finding: &Finding) -> Self {
        Self::unsuitable(format!("{}: {finding} ({})", path.display(), finding.reason)).advise(finding.reason.advice())
    }

    #[must_use]
    pub(crate) fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<der::Error> for Failure {
    fn from(error: der::Error) -> Self {
        Self::failed(format!("internal error: a structure cannot be encoded as DER: {error}"))
    }
}
