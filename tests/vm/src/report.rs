//! The output of the harness: one line for each step, with its time.

use std::env;
use std::fmt::Display;
use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Prints to stdout, in colour on a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    colour: bool,
    terminal: bool,
    /// Whose lines these are, if several write at the same time.
    whose: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::of("")
    }

    /// One of several that print at the same time: each of its lines begins with this.
    pub(crate) fn of(whose: &'static str) -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = stdout().is_terminal();
        Self { colour: terminal && !refused, terminal: terminal && whose.is_empty(), whose }
    }

    pub(crate) fn paint(self, colour: Colour, text: impl Display) -> String {
        let code = match colour {
            _ if !self.colour => return text.to_string(),
            Colour::Plain => return text.to_string(),
            Colour::Bold => "1",
            Colour::Dim => "2",
            Colour::Red => "31",
            Colour::Green => "32",
            Colour::Yellow => "33",
            Colour::Cyan => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub(crate) fn heading(self, text: impl Display) {
        println!("\n{}", self.paint(Colour::Bold, text));
    }

    /// Does a step, then prints it with its time.
    pub(crate) fn step<T>(self, what: impl Display, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        if self.terminal {
            print!("{}  {what} …\r", self.paint(Colour::Dim, "     ..."));
            let _ = stdout().flush();
        }
        let result = work();
        let mark = if result.is_ok() { self.paint(Colour::Green, "ok") } else { self.paint(Colour::Red, "failed") };
        self.line(start.elapsed(), format_args!("{what}: {mark}"));
        result
    }

    pub(crate) fn line(self, took: Duration, text: impl Display) {
        println!("{}  {}{text}", self.paint(Colour::Dim, format_args!("{:6.1} s", took.as_secs_f64())), self.whose);
    }

    /// Indented below a line, each line of `text`.
    pub(crate) fn detail(self, colour: Colour, text: &str) {
        for line in text.trim_end().lines() {
            println!("          {}", self.paint(colour, line));
        }
    }
}
