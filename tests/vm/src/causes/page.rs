//! The part of docs/causes.md that comes from the guests. Only what is the same in every run goes into it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use anyhow::{Context, Result};
use vm_protocol::Done;

use super::list::{Guest, UNPLAYED};
use super::{PAGE, SERIES};
use crate::fetch::Series;

/// Where the part begins; `cargo test --test docs` writes what is before it.
const HEADING: &str = "## What guests showed\n";
const MOST_LINES: usize = 3;
/// Shorter numbers are exit codes, limits and versions, which do not vary.
const LONG_NUMBER: usize = 5;
const LONG_HEXADECIMAL: usize = 16;

/// One case, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cause: &'static str,
    pub(crate) about: &'static str,
    pub(crate) commands: String,
    pub(crate) errno: String,
    pub(crate) skexec: String,
    pub(crate) kexec: String,
}

impl Row {
    /// What of the line names the case.
    pub(crate) fn key(&self) -> String {
        format!("| `{}` | {} |", self.cause, self.about)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, errno, skexec, kexec, .. } = self;
        write!(f, "{} {commands} | {errno} | {skexec} | {kexec} |", self.key())
    }
}

/// All rows of one guest with one kernel.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) guest: &'static Guest,
    pub(crate) series: Series,
    pub(crate) rows: Vec<Row>,
}

/// The page's lines, by the section's name.
#[derive(Debug)]
pub(crate) struct Page<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Page<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let sections = text.split("\n### ").skip(1);
        let section = |text: &'a str| {
            let name = text.split([':', '\n']).next().unwrap_or_default();
            (name, text.lines().filter(|line| line.starts_with("| `")).collect())
        };
        Self(sections.map(section).collect())
    }

    pub(crate) fn line(&self, section: &str, key: &str) -> Option<&'a str> {
        self.0.get(section)?.iter().copied().find(|line| line.starts_with(key))
    }
}

/// The page with this part in place of the one that it had.
pub(crate) fn written(before: &str, sections: &[Section]) -> Result<String> {
    let (head, _) = before.split_once(HEADING).with_context(|| format!("{PAGE} has no heading {HEADING:?}"))?;
    let mut page = format!(
        "{head}{HEADING}\n\
         `cargo xtask causes` produces each cause in guests, asks the kernel itself, skexec and Debian's kexec-tools, and writes these tables;\n\
         `cargo xtask test causes` compares. The kernel's answer is that of the system call alone, with no check before it: `OK` means that the\n\
         kernel took the image. `...` in a command stands for the options that name keys, initrd and command line. An answer of skexec is its first\n\
         line and what it says of the kernel; one of kexec-tools is its first lines.\n"
    );
    for section in sections {
        push(&mut page, section, sections)?;
    }
    page.push_str("\n### Not produced\n\n| cause | why no guest produces it |\n| --- | --- |\n");
    for (cause, why) in UNPLAYED {
        writeln!(page, "| `{cause}` | {why} |")?;
    }
    Ok(page)
}

/// Of the second kernel, only what differs from the first.
fn push(page: &mut String, section: &Section, all: &[Section]) -> Result<()> {
    let Section { guest, series, rows } = section;
    let first = all.iter().find(|other| other.guest.name == guest.name && other.series == SERIES[0]);
    let known: &[Row] = first.filter(|_| *series != SERIES[0]).map_or(&[], |first| &first.rows);
    let new: Vec<_> = rows.iter().filter(|row| !known.contains(row)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let only = if known.is_empty() { "" } else { ", what differs" };
    writeln!(page, "\n### {}: {}, Linux {series}{only}\n", guest.section(*series), guest.about)?;
    page.push_str(
        "| cause | what was done | commands | kernel | skexec | kexec-tools |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in new {
        writeln!(page, "{row}")?;
    }
    Ok(())
}

/// The exit code and these lines, without what differs from run to run.
pub(crate) fn cell<'a>(done: &Done, lines: impl Iterator<Item = &'a str>, release: &str) -> String {
    let mut cell = done.exit.map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit {code}"));
    for line in lines.filter(|line| !line.trim().is_empty()).take(MOST_LINES) {
        cell += "<br>";
        cell += &steady(&line.trim().replace(release, "RELEASE"));
    }
    cell
}

/// Replaces long numbers, digests, addresses and sizes, and what Markdown would take for its own.
fn steady(text: &str) -> String {
    let mut words = vec![];
    let mut rest = text.split(' ').peekable();
    while let Some(word) = rest.next() {
        let unit = rest.peek().is_some_and(|next| next.starts_with("MiB") || next.starts_with("KiB"));
        words.push(if unit && word.parse::<u64>().is_ok() { "N".to_owned() } else { runs(word) });
    }
    words.join(" ").replace('`', "'").replace('|', "\\|").replace('<', "&lt;").replace('>', "&gt;")
}

/// Replaces the long runs of digits and hexadecimal digits in a word.
fn runs(word: &str) -> String {
    let mut steady = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        let decimal = run.bytes().all(|byte| byte.is_ascii_digit());
        match length {
            0 => {
                steady.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            _ if steady.ends_with("0x") || length >= LONG_HEXADECIMAL => steady.push('…'),
            LONG_NUMBER.. if decimal => steady.push('N'),
            _ => steady.push_str(run),
        }
        rest = after;
    }
    steady
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::list::GUESTS;

    const ROW: Row = Row {
        cause: "busy",
        about: "two loads",
        commands: String::new(),
        errno: String::new(),
        skexec: String::new(),
        kexec: String::new(),
    };

    #[test]
    fn what_varies_is_left_out() {
        let rows = [
            ("the signed digest is sha256:5c0e5c0e5c0e5c0e5c0e, not 12345", "the signed digest is sha256:…, not N"),
            (
                "55 MiB for the kernel; crashkernel= reserved 256 MiB",
                "N MiB for the kernel; crashkernel= reserved N MiB",
            ),
            ("a segment at 0x1f000 of 4096 bytes", "a segment at 0x… of 4096 bytes"),
            ("Cannot open `/boot/x' | face 2017", "Cannot open '/boot/x' \\| face 2017"),
            ("kernel.kexec_load_limit_reboot is 0", "kernel.kexec_load_limit_reboot is 0"),
        ];
        for (text, wanted) in rows {
            assert_eq!(steady(text), wanted);
        }
        let done = Done { exit: Some(1), ..Done::default() };
        assert_eq!(cell(&done, "a 6.1.0-5\n\nb\nc\nd".lines(), "6.1.0-5"), "exit 1<br>a RELEASE<br>b<br>c");
    }

    #[test]
    fn a_page_reads_back_and_repeats_nothing() {
        let other = Row { about: "another", ..ROW };
        let changed = Row { errno: "EBUSY".to_owned(), ..other.clone() };
        let guest = &GUESTS[0];
        let sections = [
            Section { guest, series: SERIES[0], rows: vec![ROW, other.clone()] },
            Section { guest, series: SERIES[1], rows: vec![ROW, changed.clone()] },
        ];
        let text = written(&format!("# Causes\n\n{HEADING}old text\n"), &sections).expect("a heading");
        assert!(text.starts_with("# Causes\n") && !text.contains("old text"));
        let page = Page::read(&text);
        let [new, old] = SERIES.map(|series| guest.section(series));
        assert_eq!(page.line(&new, &ROW.key()), Some(ROW.to_string().as_str()));
        assert_eq!(page.line(&old, &ROW.key()), None);
        assert_eq!(page.line(&old, &changed.key()), Some(changed.to_string().as_str()));
    }
}
