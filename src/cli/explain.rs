//! `skexec explain` and `skexec help`: the tables of reasons and warnings, a row or a whole table.

use super::args::{self, Cli, ExplainArgs, HelpArgs};
use super::kexec_tools;
use super::output::Output;
use crate::causes::CAUSES;
use crate::reason::{Caution, Errno, Exit, Reason, Site};
use clap::{CommandFactory, Parser};
use serde::Serialize;
use std::io;

/// Where the package puts the pages.
const PAGES: &str = "/usr/share/doc/skexec/docs";
/// How many slugs are offered in place of an unknown one.
const OFFERED: usize = 3;
/// The subjects of `help` that are no commands.
pub(super) const TABLES: [&str; 2] = ["reasons", "warnings"];

/// A row of one of the two tables.
#[derive(Debug, Clone, Copy)]
enum Row {
    Reason(Reason),
    Warning(Caution),
}

#[derive(Serialize)]
struct Explained {
    schema: u32,
    slug: &'static str,
    kind: &'static str,
    means: &'static str,
    exit: Option<u8>,
    advice: &'static str,
    kernel: Vec<Answer>,
    page: String,
}

/// What a system call answers to it.
#[derive(Serialize)]
struct Answer {
    calls: Vec<&'static str>,
    errnos: Vec<Named>,
    /// Nothing where the table of causes has no row.
    why: Option<&'static str>,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    text: &'static str,
}

impl Row {
    fn all() -> impl Iterator<Item = Self> {
        let warnings = Caution::ALL.iter().copied().map(Self::Warning);
        Reason::ALL.iter().copied().map(Self::Reason).chain(warnings)
    }

    const fn slug(self) -> &'static str {
        match self {
            Self::Reason(reason) => reason.slug(),
            Self::Warning(caution) => caution.slug(),
        }
    }

    fn explained(self, site: Site) -> Explained {
        let (kind, means, exit, advice, kernel, page) = match self {
            Self::Reason(reason) => {
                let exit = Some(reason.exit().code());
                ("reason", reason.means(), exit, reason.advice_on(site), answers(reason), "reasons.md")
            }
            Self::Warning(caution) => ("warning", caution.means(), None, caution.advice(), Vec::new(), "warnings.md"),
        };
        Explained { schema: 1, slug: self.slug(), kind, means, exit, advice, kernel, page: format!("{PAGES}/{page}") }
    }
}

/// The rows of the table of causes; without one, what the reference kernel answers under enforcement.
fn answers(reason: Reason) -> Vec<Answer> {
    let named = |errno: Errno| Named { name: errno.name, text: errno.text };
    let rows = CAUSES.iter().filter(|cause| cause.reason == reason);
    let mut answers: Vec<_> = rows
        .map(|cause| Answer {
            calls: cause.calls.iter().map(|call| call.name()).collect(),
            errnos: cause.errnos.iter().filter_map(|name| Errno::named(name)).map(named).collect(),
            why: Some(cause.why),
        })
        .collect();
    if answers.is_empty() {
        let words = reason.kernel().split([' ', ',']);
        let errnos: Vec<_> = words.filter_map(Errno::named).map(named).collect();
        if !errnos.is_empty() {
            answers.push(Answer { calls: vec!["kexec_file_load"], errnos, why: None });
        }
    }
    answers
}

/// What is wrong with the slug: it is in neither table.
pub(super) fn check(args: &ExplainArgs) -> Result<(), String> {
    if Row::all().any(|row| row.slug() == args.slug) {
        return Ok(());
    }
    let near = nearest(&args.slug);
    let near = if near.is_empty() { String::new() } else { format!("; similar ones: {}", near.join(", ")) };
    let tables = "skexec help reasons and skexec help warnings list them";
    Err(format!("no reason or warning has the slug '{}'{near}; {tables}", args.slug))
}

/// The slugs that differ least, and of those that differ equally the first; none that differs in a third of its letters.
fn nearest(wanted: &str) -> Vec<&'static str> {
    // The longest slug is much shorter; what is longer is no slug that was mistyped.
    if wanted.len() > 64 {
        return Vec::new();
    }
    let mut near: Vec<_> = Row::all()
        .map(Row::slug)
        .map(|slug| {
            let part = wanted.len() > 2 && slug.split('-').any(|part| part == wanted);
            (if part { 0 } else { strsim::levenshtein(wanted, slug) }, slug)
        })
        .filter(|(distance, slug)| distance.saturating_mul(3) < slug.len())
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(OFFERED).map(|(_, slug)| slug).collect()
}

pub(super) fn run(args: &ExplainArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let site = output.site();
    // An unknown slug is an error of usage.
    let Some(row) = Row::all().find(|row| row.slug() == args.slug) else { return Ok(Exit::Usage) };
    let explained = row.explained(site);
    if output.json() {
        output.document(&explained)?
    } else {
        tell(&explained, output)?
    }
    Ok(Exit::Done)
}

fn tell(row: &Explained, output: &mut Output<'_>) -> io::Result<()> {
    output.fact(&format!("{} ({}): {}", row.slug, row.kind, row.means))?;
    if let Some(code) = row.exit {
        output.row("exit", &format!("{code} ({})", args::exit_words(code)))?;
    }
    output.row("do", row.advice)?;
    for Answer { calls, errnos, why } in &row.kernel {
        let errnos: Vec<_> = errnos.iter().map(|Named { name, text }| format!("{text} ({name})")).collect();
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        output.row("kernel", &format!("{} answers {}{why}", calls.join(", "), errnos.join(" or ")))?;
    }
    output.row("page", &row.page)
}

/// Prints a table, or the help of a command or of the program.
pub(super) fn help(args: &HelpArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let topic = args.topic.as_deref();
    let rows: Vec<_> = match topic {
        Some("reasons") => Row::all().filter(|row| matches!(row, Row::Reason(_))).collect(),
        Some("warnings") => Row::all().filter(|row| matches!(row, Row::Warning(_))).collect(),
        Some("kexec") => return text(&kexec_tools::help(), output),
        _ => {
            let words = ["skexec"].into_iter().chain(topic).chain(["--help"]);
            // clap gives a help as an error.
            let help = Cli::try_parse_from(words).err().map(|help| help.render().to_string());
            return text(&help.unwrap_or_default(), output);
        }
    };
    let site = output.site();
    let rows: Vec<_> = rows.into_iter().map(|row| row.explained(site)).collect();
    if output.json() {
        output.document(&rows)?
    } else {
        table(&rows, output)?
    }
    Ok(Exit::Done)
}

fn text(text: &str, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    text.lines().try_for_each(|line| output.fact(line))?;
    Ok(Exit::Done)
}

/// What is wrong with the subject of `help`.
pub(super) fn check_topic(args: &HelpArgs) -> Result<(), String> {
    let Some(topic) = &args.topic else { return Ok(()) };
    let known = TABLES.contains(&topic.as_str()) || Cli::command().find_subcommand(topic).is_some();
    if known { Ok(()) } else { Err(format!("there is no command '{topic}'; the tables are: {}", TABLES.join(", "))) }
}

fn table(rows: &[Explained], output: &mut Output<'_>) -> io::Result<()> {
    let width = rows.iter().map(|row| row.slug.len()).max().unwrap_or_default();
    let line = |slug: &str, exit: Option<&str>, means: &str| {
        let exit = exit.map(|exit| format!("{exit:<4}  ")).unwrap_or_default();
        format!("{slug:<width$}  {exit}{means}")
    };
    let heading = rows.first().and_then(|row| row.exit).map(|_| "exit");
    output.fact(&line("slug", heading, "what it means"))?;
    for row in rows {
        output.fact(&line(row.slug, row.exit.map(|code| code.to_string()).as_deref(), row.means))?;
    }
    Ok(())
}

/// Every slug, for the completions.
pub(super) fn slugs() -> impl Iterator<Item = &'static str> {
    Row::all().map(Row::slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first() {
        assert_eq!(nearest("unsinged").first(), Some(&"unsigned"));
        assert_eq!(nearest("lokdown"), ["lockdown"]);
        // The table has them in the other order.
        assert_eq!(nearest("no-kexec-lod"), ["no-kexec-load", "no-kexec-file"]);
        assert_eq!(nearest("certificate-of-nobody-at-all"), [""; 0]);
        assert_eq!(nearest(&"a".repeat(100_000)), [""; 0]);
    }
}
