//! Whether standard output is a terminal, how wide it is, and whether colour is wanted.

use crate::sys;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::OnceLock;

/// How text for people is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Columns to which lines are wrapped; nothing where they are not.
    pub(super) width: Option<usize>,
    /// Whether lines have colours.
    pub(super) colour: bool,
}

/// What standard output is. It does not change while the program runs.
static STANDARD_OUTPUT: OnceLock<Terminal> = OnceLock::new();

impl Terminal {
    /// Finds out what this output is, by the descriptor and the environment.
    #[must_use]
    pub fn of(output: &(impl AsFd + IsTerminal)) -> Self {
        let is = output.is_terminal();
        let columns = if is { sys::terminal::columns(output.as_fd()) } else { None };
        Self { width: columns, colour: wants_colour(is, &|name| std::env::var_os(name)) }
    }

    /// Says what the standard output of this process is. Nobody who does not say so gets lines that are wrapped or coloured: a test
    /// has a buffer, wherever it runs.
    pub fn is_standard_output(self) {
        let _ = STANDARD_OUTPUT.set(self);
    }

    /// What standard output is, as far as that was said.
    pub(super) fn standard_output() -> Self {
        STANDARD_OUTPUT.get().copied().unwrap_or_default()
    }
}

/// `NO_COLOR` goes before all; `CLICOLOR_FORCE` before what the output is.
fn wants_colour(is_terminal: bool, variable: &dyn Fn(&str) -> Option<OsString>) -> bool {
    let set = |name| variable(name).filter(|value: &OsString| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal && set("TERM").is_some_and(|kind| kind != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is a terminal, the variables, and whether there is colour.
    type Case<'a> = (bool, &'a [(&'a str, &'a str)], bool);

    #[test]
    fn who_gets_colour() {
        let rows: [Case<'_>; 10] = [
            (true, &[("TERM", "xterm")], true),
            (true, &[("TERM", "dumb")], false),
            (true, &[], false),
            (false, &[("TERM", "xterm")], false),
            (true, &[("TERM", "xterm"), ("NO_COLOR", "1")], false),
            // no-color.org: an empty value does not count.
            (true, &[("TERM", "xterm"), ("NO_COLOR", "")], true),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (true, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
        ];
        for (terminal, variables, wanted) in rows {
            let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(wants_colour(terminal, &variable), wanted, "{terminal} {variables:?}");
        }
    }

    #[test]
    fn a_file_is_no_terminal() {
        let file = std::fs::File::open("/dev/null").expect("it is there");
        assert_eq!(Terminal::of(&file).width, None);
        assert_eq!(Terminal::standard_output(), Terminal::default());
    }
}
