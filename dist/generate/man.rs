//! The manual page skexec(8), made of what clap knows and of sections written by hand.

use clap::Command;
use clap_mangen::Man;
use std::io;

/// Name, synopsis, description.
const HEAD: &str = include_str!("head.roff");
/// What comes after the commands.
const TAIL: &str = include_str!("tail.roff");

/// The page, in roff.
pub(crate) fn page() -> io::Result<String> {
    let mut skexec = skexec::cli::command();
    skexec.build();
    let title = format!(".TH SKEXEC 8 \"\" \"skexec {}\" \"System Administration\"\n", env!("CARGO_PKG_VERSION"));
    let mut page = format!("{title}{HEAD}.SH COMMANDS\n");
    for command in skexec.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        page.push_str(&of_command(command)?);
    }
    page.push_str(".SH \"COMMON OPTIONS\"\n");
    page.push_str(&below(&options(skexec.mut_args(|arg| arg.clone().hide(!is_common(arg.get_id().as_str()))))?));
    page.push_str(TAIL);
    Ok(page)
}

/// A command's usage, what it does, and its own options.
fn of_command(command: &Command) -> io::Result<String> {
    let own = command.clone().mut_args(|arg| {
        let common = is_common(arg.get_id().as_str());
        arg.hide(common)
    });
    let usage = own.clone().render_usage().to_string();
    let usage = usage
        .trim_start_matches("Usage: ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" skexec ", "\n.br\n.B skexec ");
    let about = own.get_long_about().or_else(|| own.get_about()).map(ToString::to_string).unwrap_or_default();
    let options = if own.get_arguments().any(|arg| !arg.is_hide_set()) { below(&options(own)?) } else { String::new() };
    Ok(format!(".SS \"{}\"\n.B {}\n.PP\n{about}.\n{options}", command.get_name(), usage.replace('-', "\\-")))
}

/// Those of every command; they are described once.
fn is_common(id: &str) -> bool {
    ["json", "quiet", "verbose", "help", "version"].contains(&id)
}

fn options(command: Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command).render_options_section(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Sections, as paragraphs of another: the first heading goes, the others stand in bold.
fn below(sections: &str) -> String {
    let mut text = String::with_capacity(sections.len());
    for line in sections.lines() {
        match line.strip_prefix(".SH ") {
            Some("OPTIONS" | "OUTPUT") => {}
            Some(heading) => text.push_str(&format!(".PP\n.B {heading}\n")),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}
