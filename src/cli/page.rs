//! Prints a page: keys in a column, the values beside them, wrapped to the terminal. A word is never broken, so that a digest can be
//! copied. Without a terminal no line is wrapped, and the words are the same.

use super::printable;
use super::terminal::Terminal;
use crate::diagnose::section::{Mark, Row, Section, Title};

/// The least width of the keys' column.
const KEYS: usize = 8;
/// Where fewer columns remain for the values, they are not wrapped.
const LEAST: usize = 24;

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// The lines of a page.
pub(super) struct Page {
    terminal: Terminal,
    lines: Vec<String>,
}

impl Page {
    pub(super) const fn new(terminal: Terminal) -> Self {
        Self { terminal, lines: Vec::new() }
    }

    /// Each is one line, without its end, and printable.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// The answer, and what to do where it is not the wanted one.
    pub(super) fn title(&mut self, title: &Title) {
        let colour = if title.good { GREEN } else { RED };
        self.put("", 2, &title.text, &[BOLD, colour]);
        if let Some(advice) = &title.advice {
            self.put("  ", 6, &format!("do: {advice}"), &[CYAN]);
        }
    }

    pub(super) fn section(&mut self, section: &Section) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.put("", 2, &section.title, &[BOLD]);
        let width = section.rows.iter().map(|row| row.key.len()).fold(KEYS, usize::max);
        for row in &section.rows {
            self.row(row, width);
        }
    }

    fn row(&mut self, row: &Row, width: usize) {
        let colours: &[&str] = match row.mark {
            Mark::Bad => &[RED],
            Mark::Notice => &[YELLOW],
            Mark::Plain => &[],
        };
        let mut head = format!("  {:<width$} ", row.key);
        let column = head.len();
        for value in &row.values {
            self.put(&head, column, value, colours);
            head = " ".repeat(column);
        }
        if let Some(advice) = &row.advice {
            self.put(&head, column.saturating_add(4), &format!("do: {advice}"), &[CYAN]);
        }
    }

    /// A text behind its head; further lines begin at the column `indent`.
    fn put(&mut self, head: &str, indent: usize, text: &str, colours: &[&str]) {
        let text = printable::line(text);
        let mut head = head.to_owned();
        for line in wrapped(&text, self.terminal.width, head.len(), indent) {
            self.lines.push(self.coloured(&head, &line, colours));
            head = " ".repeat(indent);
        }
    }

    fn coloured(&self, head: &str, line: &str, colours: &[&str]) -> String {
        if self.terminal.colour && !colours.is_empty() {
            format!("{head}{}{line}{RESET}", colours.concat())
        } else {
            format!("{head}{line}")
        }
    }
}

/// Cuts a text between words into lines: the first begins at the column `first`, the others at `indent`.
fn wrapped(text: &str, width: Option<usize>, first: usize, indent: usize) -> Vec<String> {
    let Some(width) = width.filter(|width| width.saturating_sub(indent) >= LEAST) else { return vec![text.to_owned()] };
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut room = width.saturating_sub(first);
    for word in text.split(' ') {
        let length = line.chars().count().saturating_add(1).saturating_add(word.chars().count());
        if !line.is_empty() && length > room {
            lines.push(std::mem::take(&mut line));
            room = width.saturating_sub(indent);
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(terminal: Terminal) -> String {
        let mut page = Page::new(terminal);
        page.title(&Title { good: false, text: "Not possible, because it is so".into(), advice: Some("do it".into()) });
        let digest = "5c0e".repeat(16);
        let rows = vec![
            Row::advise(
                Mark::Bad,
                "file",
                "it does not work on this machine at all (slug)",
                "load the kernel elsewhere, if you can",
            ),
            Row::of("values", vec!["one\u{1b}".into(), digest]),
        ];
        page.section(&Section::new("Methods", rows));
        page.into_lines().join("\n")
    }

    #[test]
    fn lines_end_at_the_width_and_no_digest_is_broken() {
        let digest = "5c0e".repeat(16);
        let wanted = format!(
            "Not possible, because it is so\n  do: do it\n\nMethods\n  file     it does not work on this machine at all (slug)\n           \
             do: load the kernel elsewhere, if you can\n  values   one\\u{{1b}}\n           {digest}"
        );
        assert_eq!(page(Terminal::default()), wanted);
        let wanted = format!(
            "Not possible, because it is so\n  do: do it\n\nMethods\n  file     it does not work on this\n           machine at all (slug)\n           \
             do: load the kernel\n               elsewhere, if you can\n  values   one\\u{{1b}}\n           {digest}"
        );
        assert_eq!(page(Terminal { width: Some(40), colour: false }), wanted);
        // Too narrow to wrap.
        assert_eq!(page(Terminal { width: Some(20), colour: false }).lines().count(), 8);
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        for width in [None, Some(40), Some(80)] {
            let coloured = page(Terminal { width, colour: true });
            assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31mNot"), "{coloured}");
            let plain =
                [BOLD, RED, GREEN, YELLOW, CYAN, RESET].iter().fold(coloured, |text, code| text.replace(code, ""));
            assert_eq!(plain, page(Terminal { width, colour: false }));
        }
    }

    #[test]
    fn no_word_is_lost() {
        let text = "a bb  ccc dddd eeeee ffffff ggggggg";
        for width in 24..60 {
            assert_eq!(wrapped(text, Some(width), 0, 0).join(" "), text, "{width}");
            assert!(wrapped(text, Some(width), 0, 0).iter().all(|line| line.len() <= width), "{width}");
        }
    }
}
