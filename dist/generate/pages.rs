//! One manual page for each command, made of what clap knows about it and of sections written by hand.

use clap::Command;
use clap_mangen::Man;
use std::io;

/// The hand-written part of each page: more of the description, then EXAMPLES, FILES and SEE ALSO.
const PAGES: [(&str, &str); 12] = [
    ("load", include_str!("pages/load.roff")),
    ("exec", include_str!("pages/exec.roff")),
    ("reboot", include_str!("pages/reboot.roff")),
    ("refresh", include_str!("pages/refresh.roff")),
    ("unload", include_str!("pages/unload.roff")),
    ("status", include_str!("pages/status.roff")),
    ("booted", include_str!("pages/booted.roff")),
    ("verify", include_str!("pages/verify.roff")),
    ("entries", include_str!("pages/entries.roff")),
    ("inspect", include_str!("pages/inspect.roff")),
    ("policy", include_str!("pages/policy.roff")),
    ("explain", include_str!("pages/explain.roff")),
];
/// The page skexec(8) has `help`, and `kexec` has a page of its own.
const ELSEWHERE: [&str; 2] = ["help", "kexec"];
/// What every page says of exit codes.
pub(crate) const EXIT_STATUS: &str = include_str!("exit-status.roff");

/// The name and the text of every page; `title` is what follows the name in `.TH`.
pub(crate) fn all(mut program: Command, title: &str) -> io::Result<Vec<(String, String)>> {
    program.build();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
    let own = commands.filter(|command| !ELSEWHERE.contains(&command.get_name()));
    own.map(|command| Ok((format!("skexec-{}.8", command.get_name()), page(command, title)?))).collect()
}

fn page(command: &Command, title: &str) -> io::Result<String> {
    let name = command.get_name();
    let written = PAGES.iter().find(|(page, _)| *page == name);
    let (_, written) = written.ok_or_else(|| io::Error::other(format!("dist/generate/pages has no {name}.roff")))?;
    let faulty = || io::Error::other(format!("dist/generate/pages/{name}.roff has no EXAMPLES or no FILES"));
    let (more, rest) = written.split_once(".SH EXAMPLES\n").ok_or_else(faulty)?;
    let (examples, rest) = rest.split_once(".SH FILES\n").ok_or_else(faulty)?;
    let about = roff(&command.get_about().map(ToString::to_string).unwrap_or_default());
    // The usage has one line for each form of the command, and blanks that align it on a terminal.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ");
    let usage = roff(&usage).replace(" skexec ", "\n.br\n.B skexec ");
    let mut options = Vec::new();
    Man::new(command.clone()).render_options_section(&mut options)?;
    let options = String::from_utf8_lossy(&options);
    let upper = roff(&format!("SKEXEC-{}", name.to_uppercase()));
    Ok(format!(
        ".TH {upper} {title}\n.SH NAME\nskexec\\-{name} \\- {about}\n.SH SYNOPSIS\n.B {usage}\n\
         .SH DESCRIPTION\n{about}.\n{more}{options}.SH EXAMPLES\n{examples}{EXIT_STATUS}.SH FILES\n{rest}"
    ))
}

fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
