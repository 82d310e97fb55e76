//! The command: reads its arguments, calls the floor below, prints.

mod args;
mod exec;
mod inspect;
mod load;
mod output;
mod plan;
mod segments;
mod status;
mod unload;
mod verify;

use crate::gather::TrustRequest;
use crate::journal::Journal;
use crate::reason::Exit;
use crate::system::System;
use args::{Cli, Command, TrustArgs, VerifyArgs};
use clap::{CommandFactory, Parser};
use output::Output;
use std::ffi::OsString;
use std::io::Write;

/// Runs skexec with these arguments (the program's name first), and returns its exit code.
///
/// All that is printed goes to `out` and `err`; that a reader has gone away changes nothing about the exit code.
pub fn run(
    system: System<'_>,
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, out, err),
    };
    if let Err(what) = contradiction(&cli.command) {
        return usage(&Cli::command().error(clap::error::ErrorKind::ArgumentConflict, what), out, err);
    }
    let journal = changes_what_is_booted(&cli.command).then(|| Journal::of(system.root));
    let mut output = Output::new(cli.output, out, err, journal);
    match dispatch(system, &cli.command, &mut output) {
        Ok(exit) => exit,
        Err(error) => {
            // Where even this cannot be written, the exit code says it.
            let _ = output.broken(&format!("{error:#}"));
            Exit::Failed
        }
    }
}

/// What clap cannot see in one argument alone.
fn contradiction(command: &Command) -> Result<(), String> {
    match command {
        Command::Verify(VerifyArgs { files, signature: Some(_), .. }) if files.len() > 1 => {
            Err("--signature is about one FILE".into())
        }
        Command::Load(args) => args.segments.check(),
        _ => Ok(()),
    }
}

/// The command line's definition, from which `dist/generate` makes the completions and the manual page.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Whether the system's log is to have it.
fn changes_what_is_booted(command: &Command) -> bool {
    match command {
        Command::Load(args) => !args.dry_run,
        Command::Exec(_) | Command::Unload(_) => true,
        _ => false,
    }
}

fn dispatch(system: System<'_>, command: &Command, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Load(args) => load::run(system, args, output),
        Command::Exec(args) => exec::run(system, *args, output),
        Command::Unload(args) => unload::run(system, *args, output),
        Command::Status(args) => status::run(system, args, output),
        Command::Verify(args) => verify::run(system, args, output),
        Command::Inspect(args) => inspect::run(args, output),
    }
}

/// Help and version go to standard output and are no error.
fn usage(error: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        let _ = write!(err, "{text}");
        return Exit::Usage;
    }
    let _ = write!(out, "{text}");
    Exit::Done
}

impl From<&TrustArgs> for TrustRequest {
    fn from(args: &TrustArgs) -> Self {
        Self { keys: args.keys.clone(), revoked: args.revoked.clone(), system: !args.no_system_trust }
    }
}
