//! The command: reads its arguments, calls the floor below, prints.

mod args;
mod exec;
mod inspect;
mod load;
mod output;
mod status;
mod unload;
mod verify;

use crate::gather::TrustRequest;
use crate::reason::Exit;
use crate::system::System;
use args::{Cli, Command, CompletionsArgs, TrustArgs};
use clap::{CommandFactory, Parser};
use output::Output;
use std::ffi::OsString;
use std::io::{self, Write};

/// Runs skexec with these arguments (the program's name first), and returns its exit code.
///
/// All that is printed goes to `out` and `err`; a reader who has gone away ends it quietly.
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
    let mut output = Output::new(cli.output, out, err);
    match dispatch(system, &cli.command, &mut output) {
        Ok(exit) => exit,
        Err(error) if closed(&error) => Exit::Done,
        Err(error) => {
            // Where even this cannot be written, the exit code says it.
            let _ = output.error(&format!("{error:#}"));
            Exit::Failed
        }
    }
}

/// The command line's definition, for completions and the manual page.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn dispatch(system: System<'_>, command: &Command, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match command {
        Command::Load(args) => load::run(system, args, output),
        Command::Exec(args) => exec::run(system, *args, output),
        Command::Unload(args) => unload::run(system, *args, output),
        Command::Status(args) => status::run(system, args, output),
        Command::Verify(args) => verify::run(system, args, output),
        Command::Inspect(args) => inspect::run(args, output),
        Command::Completions(args) => completions(*args, output),
    }
}

fn completions(args: CompletionsArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "skexec", &mut script);
    output.text(&script)?;
    Ok(Exit::Done)
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

fn closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

impl From<&TrustArgs> for TrustRequest {
    fn from(args: &TrustArgs) -> Self {
        Self { keys: args.keys.clone(), revoked: args.revoked.clone(), system: !args.no_system_trust }
    }
}
