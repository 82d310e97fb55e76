//! A manual page, made of what clap knows about a program and of sections written by hand.

use clap::Command;
use clap_mangen::Man;
use std::io;

/// What clap does not know.
pub(crate) struct Page<'a> {
    /// The arguments of `.TH` after the name.
    pub(crate) title: &'a str,
    /// Name, synopsis, description.
    pub(crate) head: &'a str,
    /// What comes after the commands.
    pub(crate) tail: &'a str,
    /// The options of several commands, which are described once.
    pub(crate) common: &'a [&'a str],
}

/// The page, in roff.
pub(crate) fn page(mut program: Command, page: &Page<'_>) -> io::Result<String> {
    program.build();
    let title = format!(".TH {} {}\n", program.get_name().to_uppercase().replace('-', "\\-"), page.title);
    let mut text = format!("{title}{}.SH COMMANDS\n", page.head);
    for command in program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        text.push_str(&of_command(command, page.common)?);
    }
    text.push_str(".SH \"COMMON OPTIONS\"\n");
    let holds = |command: &&Command| command.get_arguments().any(|arg| page.common.contains(&arg.get_id().as_str()));
    let holder = std::iter::once(&program).chain(program.get_subcommands()).find(holds).unwrap_or(&program).clone();
    let alone = holder.mut_args(|arg| {
        let common = page.common.contains(&arg.get_id().as_str());
        arg.hide(!common)
    });
    text.push_str(&below(&options(alone)?));
    text.push_str(page.tail);
    Ok(text)
}

/// A command's usage, what it does, and its own options.
fn of_command(command: &Command, common: &[&str]) -> io::Result<String> {
    let own = command.clone().mut_args(|arg| {
        let common = ["help", "version"].iter().chain(common).any(|name| *name == arg.get_id().as_str());
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
