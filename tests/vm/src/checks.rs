//! The checks of a scenario, and the count of their results.

use std::fmt::{self, Display};
use std::time::Duration;

use serde_json::Value;
use vm_protocol::Done;

use crate::report::{Colour, Report};

/// One expectation about a finished command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect<'a> {
    Exit(i32),
    /// A string in the JSON on stdout, by its JSON pointer.
    Json(&'a str, &'a str),
    Stdout(&'a str),
    Stderr(&'a str),
}

impl Expect<'_> {
    fn holds(&self, done: &Done) -> bool {
        match self {
            Self::Exit(code) => done.exit == Some(*code),
            Self::Json(pointer, wanted) => json_at(&done.stdout, pointer).as_deref() == Some(*wanted),
            Self::Stdout(text) => done.stdout.contains(text),
            Self::Stderr(text) => done.stderr.contains(text),
        }
    }
}

impl Display for Expect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Json(pointer, wanted) => write!(f, "{wanted:?} at {pointer} of the JSON"),
            Self::Stdout(text) => write!(f, "{text:?} on stdout"),
            Self::Stderr(text) => write!(f, "{text:?} on stderr"),
        }
    }
}

/// Strings as they are, anything else as JSON.
pub(crate) fn json_at(text: &str, pointer: &str) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    document.pointer(pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[derive(Debug)]
pub(crate) struct Checks {
    report: Report,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Checks {
    pub(crate) fn new(report: Report) -> Self {
        Self { report, passed: 0, failed: 0 }
    }

    /// One check: all expectations about a command.
    pub(crate) fn command(&mut self, name: &str, done: &Done, expected: &[Expect<'_>]) {
        let missing: Vec<_> = expected.iter().filter(|expect| !expect.holds(done)).map(Expect::to_string).collect();
        let took = Duration::from_millis(done.millis);
        let what = format!(
            "expected {}\nexit code {}\nstdout: {}\nstderr: {}",
            missing.join(", "),
            done.exit.map_or("none (a signal)".to_owned(), |code| code.to_string()),
            done.stdout.trim_end(),
            done.stderr.trim_end(),
        );
        self.count(name, took, missing.is_empty(), &what);
    }

    pub(crate) fn equal<T: fmt::Debug + PartialEq>(&mut self, name: &str, got: &T, wanted: &T) {
        self.count(name, Duration::ZERO, got == wanted, &format!("expected {wanted:?}\n     got {got:?}"));
    }

    pub(crate) fn holds(&mut self, name: &str, holds: bool, otherwise: &dyn fmt::Debug) {
        self.count(name, Duration::ZERO, holds, &format!("{otherwise:#?}"));
    }

    /// Counts a scenario that could not continue.
    pub(crate) fn broken(&mut self, scenario: &str, error: &anyhow::Error) {
        self.count(scenario, Duration::ZERO, false, &format!("{error:#}"));
    }

    fn count(&mut self, name: &str, took: Duration, passed: bool, what: &str) {
        let mark = if passed {
            self.passed += 1;
            self.report.paint(Colour::Green, "ok")
        } else {
            self.failed += 1;
            self.report.paint(Colour::Red, "FAILED")
        };
        self.report.line(took, format_args!("{name}: {mark}"));
        if !passed {
            self.report.detail(Colour::Yellow, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_read_exit_code_and_json() {
        let done = Done { exit: Some(3), stdout: r#"[{"reason": "unsigned", "n": 1}]"#.into(), ..Done::default() };
        assert!(Expect::Exit(3).holds(&done) && !Expect::Exit(0).holds(&done));
        assert!(Expect::Json("/0/reason", "unsigned").holds(&done));
        assert!(Expect::Json("/0/n", "1").holds(&done));
        assert!(!Expect::Json("/1/reason", "unsigned").holds(&done));
    }
}
