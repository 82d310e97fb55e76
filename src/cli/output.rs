//! Where words go: facts that were asked for to standard output, everything else to standard error. What changes the
//! machine, or was refused to, also goes to the system's log.

use super::args::OutputArgs;
use crate::journal::{Entry, Journal, Printed, Priority};
use crate::reason::{Exit, Finding, Reason, Warning};
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// The two streams, and how much is said on them.
pub(super) struct Output<'a> {
    args: OutputArgs,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// Of commands that change what is booted.
    journal: Option<Journal>,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        args: OutputArgs,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        journal: Option<Journal>,
    ) -> Self {
        Self { args, out, err, journal }
    }

    fn log(&self, priority: Priority, reason: Option<Reason>, text: &str, printed: Printed) {
        if let Some(journal) = &self.journal {
            journal.tell(&Entry { priority, reason, text: &printable(text), printed });
        }
    }

    fn put_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        heard(self.out.write_all(bytes))
    }

    fn put_err(&mut self, line: &str) -> io::Result<()> {
        heard(self.err.write_all(line.as_bytes()))
    }

    /// Whether JSON was asked for.
    pub(super) const fn json(&self) -> bool {
        self.args.json
    }

    /// Whether only errors are to be printed.
    pub(super) const fn quiet(&self) -> bool {
        self.args.quiet
    }

    /// A line of what was asked for.
    pub(super) fn fact(&mut self, line: &str) -> io::Result<()> {
        if self.args.quiet { Ok(()) } else { self.put_out(format!("{}\n", printable(line)).as_bytes()) }
    }

    /// A key and its value, in a column.
    pub(super) fn row(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.fact(&format!("  {key:<8} {value}"))
    }

    /// A JSON document, whatever was said about quiet.
    pub(super) fn document(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        self.put_out(&text)
    }

    /// A step, for those who asked to follow.
    pub(super) fn step(&mut self, line: &str) -> io::Result<()> {
        if self.args.verbose { self.error(line) } else { Ok(()) }
    }

    /// A step that the log has in any case.
    pub(super) fn logged_step(&mut self, line: &str) -> io::Result<()> {
        self.log(Priority::Info, None, line, if self.args.verbose { Printed::Err } else { Printed::Not });
        self.step(line)
    }

    /// A fault that stops nothing.
    pub(super) fn logged_fault(&mut self, line: &str) -> io::Result<()> {
        self.log(Priority::Warning, None, line, Printed::Err);
        self.error(line)
    }

    pub(super) fn warning(&mut self, warning: &Warning) -> io::Result<()> {
        let text = format!("warning: {} ({})", warning.message, warning.slug());
        self.log(Priority::Warning, None, &text, if self.args.quiet { Printed::Not } else { Printed::Err });
        if self.args.quiet { Ok(()) } else { self.error(&text) }
    }

    pub(super) fn error(&mut self, line: &str) -> io::Result<()> {
        self.put_err(&format!("skexec: {}\n", printable(line)))
    }

    /// That something was done, as text or as JSON.
    pub(super) fn done(&mut self, what: &'static str, text: &str) -> io::Result<()> {
        self.event(text)?;
        if self.args.json { self.document(&serde_json::json!({ "schema": 1, what: true })) } else { Ok(()) }
    }

    /// That something was done; JSON that says so is the caller's.
    pub(super) fn event(&mut self, text: &str) -> io::Result<()> {
        let silent = self.args.json || self.args.quiet;
        self.log(Priority::Notice, None, text, if silent { Printed::Not } else { Printed::Out });
        if silent { Ok(()) } else { self.fact(text) }
    }

    /// A refusal that is about no file.
    pub(super) fn failure(&mut self, finding: &Finding) -> anyhow::Result<Exit> {
        if self.args.json {
            let slug = finding.reason.slug();
            self.document(&serde_json::json!({ "schema": 1, "reason": slug, "message": finding.sentence(None) }))?;
        }
        self.refusal(None, finding)?;
        Ok(finding.reason.exit())
    }

    /// An error that has no reason in the table.
    pub(super) fn broken(&mut self, what: &str) -> io::Result<()> {
        if self.args.json {
            let reason: Option<&str> = None;
            self.document(&serde_json::json!({ "schema": 1, "reason": reason, "message": what }))?;
        }
        self.log(Priority::Error, None, what, Printed::Err);
        self.error(what)
    }

    /// A refusal: what, why, and what to do.
    pub(super) fn refusal(&mut self, subject: Option<&Path>, finding: &Finding) -> io::Result<()> {
        let text = refused(subject, finding);
        self.log(Priority::Error, Some(finding.reason), &text, Printed::Err);
        self.error(&text)?;
        self.put_err(&format!("  do: {}\n", finding.reason.advice()))
    }

    /// A refusal that a JSON document says.
    pub(super) fn refusal_in_json(&self, subject: &Path, finding: &Finding) {
        self.log(Priority::Error, Some(finding.reason), &refused(Some(subject), finding), Printed::Not);
    }
}

/// The file at fault comes first: the one that the finding is about, else the one that the command is about.
fn refused(subject: Option<&Path>, finding: &Finding) -> String {
    let file = finding.file.as_deref().or(subject);
    let file = file.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    format!("{file}{finding} ({})", finding.reason)
}

/// A reader who has gone away has heard enough; what was done stays done, and the exit code tells it.
fn heard(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Names from a hostile file must not steer a terminal.
fn printable(line: &str) -> String {
    line.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_letters_are_replaced() {
        assert_eq!(printable("CN=\u{1b}[2Ja\nb"), "CN=\u{fffd}[2Ja\u{fffd}b");
    }
}
