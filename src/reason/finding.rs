//! One reason for a refusal, as it was found in one file or on this machine.

use super::Reason;
use std::fmt;
use std::path::{Path, PathBuf};

/// A reason, what was seen that gave it, and the file where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row of the table.
    pub reason: Reason,
    /// What was seen: offsets, names, numbers. Empty where the reason says it all.
    pub detail: String,
    /// The file that it is about; nothing where it is about the machine, or about bytes that have no path yet.
    pub file: Option<PathBuf>,
}

impl Finding {
    /// A finding with what was seen.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), file: None }
    }

    /// Names the file, unless it is known already: who found it knew better.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.file.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The sentence about the file or the machine, with the file's name in front where it is not the `subject` that the reader
    /// is told about anyway.
    #[must_use]
    pub fn sentence(&self, subject: Option<&Path>) -> String {
        match self.file.as_deref().filter(|file| Some(*file) != subject) {
            Some(file) => format!("{}: {self}", file.display()),
            None => self.to_string(),
        }
    }
}

impl From<Reason> for Finding {
    fn from(reason: Reason) -> Self {
        Self::new(reason, "")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.means())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Finding {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_stays_and_only_another_file_is_named() {
        let finding = Finding::from(Reason::Empty).in_file(Path::new("/initrd")).in_file(Path::new("/kernel"));
        assert_eq!(finding.sentence(Some(Path::new("/kernel"))), format!("/initrd: {}", Reason::Empty.means()));
        assert_eq!(finding.sentence(Some(Path::new("/initrd"))), Reason::Empty.means());
        assert_eq!(finding.sentence(None), format!("/initrd: {}", Reason::Empty.means()));
        assert_eq!(Finding::from(Reason::NoKexec).sentence(None), Reason::NoKexec.means());
    }
}
