//! The answers of real kernels to the cases: `tests/data/oracle/verdicts.tsv`, which `cargo xtask oracle --record` writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{fs, io};

pub const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/oracle/verdicts.tsv");

/// The kernel series, in the order of the columns.
pub const SERIES: [&str; 2] = ["6.1", "6.12"];
/// The series that skexec predicts, as an index into [`SERIES`].
pub const REFERENCE: usize = 1;

const HEAD: &str = "# What kexec_file_load answered under Secure Boot: the errno, 0 for loaded, - for a crash. See docs/oracle.md.\n\
                    # Written by `cargo xtask oracle --hazards --record`; not to be edited.\n";

/// A kernel's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The errno; 0 if the kernel loaded the file.
    Errno(i32),
    /// The kernel crashed.
    Crash,
}

/// The answers to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The SHA-256 of the file: a different file of that name has no verdict.
    pub sha256: String,
    /// In the order of [`SERIES`].
    pub answers: [Answer; 2],
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The kernels, in the order of [`SERIES`]: release, version, modules.
    pub kernels: [String; 2],
    /// By the case's name.
    pub of: BTreeMap<String, Verdict>,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        if text == "-" { Some(Self::Crash) } else { text.parse().ok().map(Self::Errno) }
    }

    #[must_use]
    pub fn errno(self) -> Option<i32> {
        match self {
            Self::Errno(errno) => Some(errno),
            Self::Crash => None,
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Errno(errno) => errno.fmt(f),
            Self::Crash => f.write_str("-"),
        }
    }
}

impl Verdict {
    /// Whether one of the kernels crashed.
    #[must_use]
    pub fn crash(&self) -> bool {
        self.answers.contains(&Answer::Crash)
    }
}

impl Verdicts {
    /// Parses the table. A line that cannot be parsed is an error, so that no verdict is lost.
    ///
    /// # Errors
    /// The line that cannot be parsed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut verdicts = Self::default();
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(comment) => verdicts.comment(comment),
                None => {
                    let (name, verdict) = row(line).ok_or_else(|| format!("verdicts.tsv: {line:?}"))?;
                    verdicts.of.insert(name, verdict);
                }
            }
        }
        Ok(verdicts)
    }

    fn comment(&mut self, comment: &str) {
        for (kernel, series) in self.kernels.iter_mut().zip(SERIES) {
            if let Some(who) = comment.strip_prefix(&format!("{series}: ")) {
                who.clone_into(kernel);
            }
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (series, who) in SERIES.iter().zip(&self.kernels) {
            writeln!(text, "# {series}: {who}").unwrap();
        }
        writeln!(text, "# case\tsha256\t{}\t{}\tcrash", SERIES[0], SERIES[1]).unwrap();
        for (name, verdict) in &self.of {
            let [old, new] = verdict.answers;
            let crash = if verdict.crash() { "yes" } else { "no" };
            writeln!(text, "{name}\t{}\t{old}\t{new}\t{crash}", verdict.sha256).unwrap();
        }
        text
    }

    /// # Errors
    /// Why the file cannot be written.
    pub fn write(&self) -> io::Result<()> {
        fs::write(PATH, self.text())
    }
}

fn row(line: &str) -> Option<(String, Verdict)> {
    let [name, sha256, old, new, crash] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let verdict = Verdict { sha256: sha256.into(), answers: [Answer::parse(old)?, Answer::parse(new)?] };
    (crash == if verdict.crash() { "yes" } else { "no" }).then(|| (name.into(), verdict))
}

/// The table as it is committed.
#[must_use]
pub fn recorded() -> Verdicts {
    Verdicts::parse(&fs::read_to_string(PATH).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let verdict = Verdict { sha256: "ab".into(), answers: [Answer::Errno(129), Answer::Crash] };
        let kernels = ["6.1.0, modules: ecc".to_owned(), "6.12.95".to_owned()];
        let verdicts = Verdicts { kernels, of: [("D027".to_owned(), verdict)].into() };
        assert_eq!(Verdicts::parse(&verdicts.text()), Ok(verdicts));
    }

    #[test]
    fn a_line_that_says_something_else_is_an_error() {
        for line in ["D027\tab\t129\t-\tno", "D027\tab\t129\t0", "D027\tab\tOK\t0\tno", ""] {
            assert!(Verdicts::parse(&format!("{line}\n")).is_err(), "{line}");
        }
    }
}
