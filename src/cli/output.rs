//! What is printed where: standard output gets what was asked for, standard error everything else. What a command did to
//! the machine, or was refused, also goes to the system's log.

use super::args::OutputArgs;
use super::printable;
use super::progress::Progress;
use crate::causes;
use crate::journal::{Entry, Journal, Printed, Priority};
use crate::machine;
use crate::reason::{Exit, Finding, Reason, Site, Warning};
use crate::sources::Root;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// The two streams, and how much is printed on them.
pub(super) struct Output<'a> {
    args: OutputArgs,
    /// The machine that advice must fit.
    root: &'a Root,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// Only for commands that change what is booted.
    journal: Option<Journal>,
    /// Why standard output did not take everything, where the command went on all the same.
    unwritten: Option<io::Error>,
    /// The command was given in the words of kexec-tools: what was done is printed with --debug only.
    kexec_words: bool,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        args: OutputArgs,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        root: &'a Root,
        journal: Option<Journal>,
    ) -> Self {
        Self { args, out, err, root, journal, unwritten: None, kexec_words: false }
    }

    /// For a command in the words of kexec-tools.
    pub(super) fn in_kexec_words(self) -> Self {
        Self { kexec_words: true, ..self }
    }

    /// What of this machine decides which advice fits it.
    pub(super) fn site(&self) -> Site {
        Site { kexec_words: self.kexec_words, ..machine::site(self.root) }
    }

    fn log(&self, priority: Priority, reason: Option<Reason>, text: &str, printed: Printed) {
        if let Some(journal) = &self.journal {
            journal.tell(&Entry { priority, reason, text: &printable::line(text), printed, fields: &[] });
        }
    }

    /// An entry of the system's log with more fields, which is printed nowhere. Returns whether the log has it.
    pub(super) fn record(&self, priority: Priority, text: &str, fields: &[(&'static str, String)]) -> bool {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, printable::line(value))).collect();
        let text = &printable::line(text);
        let entry = Entry { priority, reason: None, text, printed: Printed::Not, fields: &fields };
        self.journal.as_ref().is_some_and(|journal| journal.tell(&entry))
    }

    /// Writes to standard output, and returns whether it was written. A command that changes what is booted goes on
    /// without: its exit code tells what was done, not what could be printed. For the others, what they print is what was
    /// asked for.
    fn put_out(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if self.unwritten.is_some() {
            return Ok(false);
        }
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Ok(()) => Ok(true),
            // The reader has gone away, and has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) if self.journal.is_some() => {
                self.unwritten = Some(error);
                Ok(false)
            }
            Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        }
    }

    /// Writes to standard error, and returns whether it was written; where it cannot be, there is no other place to say so.
    fn put_err(&mut self, line: &str) -> bool {
        self.err.write_all(line.as_bytes()).is_ok()
    }

    /// Says at the end of a command that its report is not complete.
    pub(super) fn close(mut self) {
        if let Some(error) = self.unwritten.take() {
            self.put_err(&format!("skexec: warning: cannot write to standard output: {error}\n"));
        }
    }

    /// Whether JSON was asked for.
    pub(super) const fn json(&self) -> bool {
        self.args.json
    }

    /// Whether details were asked for.
    pub(super) const fn verbose(&self) -> bool {
        self.args.verbose
    }

    /// Whether only errors are to be printed.
    pub(super) const fn quiet(&self) -> bool {
        self.args.quiet
    }

    /// The line that shows how far a load has come; not among other lines that tell the steps, and not for scripts.
    pub(super) fn progress(&self) -> Progress {
        Progress::begin(!(self.args.json || self.args.quiet || self.args.verbose))
    }

    /// A line of what was asked for.
    pub(super) fn fact(&mut self, line: &str) -> io::Result<()> {
        if self.args.quiet { Ok(()) } else { self.line(line).map(drop) }
    }

    fn line(&mut self, line: &str) -> io::Result<bool> {
        self.put_out(format!("{}\n", printable::line(line)).as_bytes())
    }

    /// A line of a page, which is printable already: what is in it may be colour.
    pub(super) fn page_line(&mut self, line: &str) -> io::Result<()> {
        if self.args.quiet { Ok(()) } else { self.put_out(format!("{line}\n").as_bytes()).map(drop) }
    }

    /// A key and its value, in a column.
    pub(super) fn row(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.fact(&format!("  {key:<8} {value}"))
    }

    /// A JSON document, with --quiet, too.
    pub(super) fn document(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = printable::json(&serde_json::to_string_pretty(value)?);
        self.put_out(format!("{text}\n").as_bytes()).map(drop)
    }

    /// A step, printed with --verbose.
    pub(super) fn step(&mut self, line: &str) {
        if self.args.verbose {
            self.put_error(line);
        }
    }

    /// A step that the log has in any case.
    pub(super) fn logged_step(&mut self, line: &str) {
        let printed = if self.args.verbose { self.put_error(line) } else { Printed::Not };
        self.log(Priority::Info, None, line, printed);
    }

    /// A fault that stops nothing.
    pub(super) fn logged_fault(&mut self, line: &str) {
        let printed = self.put_error(line);
        self.log(Priority::Warning, None, line, printed);
    }

    pub(super) fn warning(&mut self, warning: &Warning) -> io::Result<()> {
        let text = format!("warning: {} ({})", warning.message, warning.slug());
        let printed = if self.args.quiet { Printed::Not } else { self.put_error(&text) };
        self.log(Priority::Warning, None, &text, printed);
        Ok(())
    }

    /// A line on standard error, and where it was printed.
    fn put_error(&mut self, line: &str) -> Printed {
        if self.put_err(&format!("skexec: {}\n", printable::line(line))) { Printed::Err } else { Printed::Not }
    }

    /// That something was done, as text or as JSON.
    pub(super) fn done(&mut self, what: &'static str, text: &str) -> io::Result<()> {
        self.event(text)?;
        if self.args.json { self.document(&serde_json::json!({ "schema": 1, what: true })) } else { Ok(()) }
    }

    /// That there was nothing to do: no event for the system's log.
    pub(super) fn nothing_done(&mut self, what: &'static str, text: &str) -> io::Result<()> {
        if self.args.json { self.document(&serde_json::json!({ "schema": 1, what: false })) } else { self.fact(text) }
    }

    /// That something was done; the caller prints the JSON that says so.
    pub(super) fn event(&mut self, text: &str) -> io::Result<()> {
        let silent = self.args.json || self.args.quiet || self.kexec_words && !self.args.verbose;
        let printed = if !silent && self.line(text)? { Printed::Out } else { Printed::Not };
        self.log(Priority::Notice, None, text, printed);
        Ok(())
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
    pub(super) fn broken(&mut self, what: &str) {
        if self.args.json {
            let reason: Option<&str> = None;
            // Where it cannot be written, the exit code and standard error still tell it.
            let _ = self.document(&serde_json::json!({ "schema": 1, "reason": reason, "message": what }));
        }
        self.failed(what);
    }

    /// The same; a JSON document has told it already.
    pub(super) fn failed(&mut self, what: &str) {
        let printed = self.put_error(what);
        self.log(Priority::Error, None, what, printed);
    }

    /// A refusal: what was found, what to do, and what the kernel answers to it and why.
    pub(super) fn refusal(&mut self, subject: Option<&Path>, finding: &Finding) -> io::Result<()> {
        let text = refused(subject, finding);
        let printed = self.put_error(&text);
        self.log(Priority::Error, Some(finding.reason), &text, printed);
        let advice = finding.reason.advice_on(self.site());
        self.put_err(&format!("  do: {}\n", printable::line(advice)));
        // Only a command that calls the kernel speaks of what the kernel answers.
        if let Some(answer) = self.journal.as_ref().and_then(|_| causes::kernel_says(finding)) {
            self.put_err(&format!("  kernel: {}\n", printable::line(&answer)));
        }
        Ok(())
    }

    /// A refusal that a JSON document has told already.
    pub(super) fn refusal_in_json(&self, subject: &Path, finding: &Finding) {
        self.log(Priority::Error, Some(finding.reason), &refused(Some(subject), finding), Printed::Not);
    }
}

/// The sentence begins with the file: the one that the finding is about, else the one that the command is about.
fn refused(subject: Option<&Path>, finding: &Finding) -> String {
    let file = finding.file.as_deref().or(subject);
    let file = file.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    format!("{file}{finding} ({})", finding.reason)
}
