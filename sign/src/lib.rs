//! `skexec-sign`: signs kernels, unified kernel images and other files, and makes the keys for it.
//!
//! It is a program of its own, so that the loader, which runs as root on every machine, parses no private keys. It takes the image
//! digest and the parse of a PE from the skexec library: what is signed here is what is verified there.
//!
//! `main` -> `image`, `uki`, `manifest`, `detached` or `keys` -> `signer` (a key with its certificate) -> `message` (CMS) -> `output` (atomic files).

mod args;
mod bytes;
mod certificate;
mod clock;
mod detached;
mod esl;
mod failure;
mod image;
mod issue;
mod key;
mod keys;
mod manifest;
mod message;
mod output;
mod passphrase;
mod signer;
mod uki;
mod variable;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use failure::Failure;
use skexec::cli::printable::{line, lines};
use skexec::reason::Exit;
use std::io::Write;
use std::process::ExitCode;

/// The command line, for the manual page and the completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match &cli.command {
        Command::Image(args) => image::run(args),
        Command::Uki(args) => uki::run(args),
        Command::Manifest(args) => manifest::run(args),
        Command::Detached(args) => detached::run(args),
        Command::Keys(args) => keys::run(args),
    };
    ExitCode::from(tell(done).code())
}

/// Prints what was done, or why nothing was.
fn tell(done: Result<String, Failure>) -> Exit {
    match done {
        Ok(text) => match writeln!(std::io::stdout(), "{}", line(&text)) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                eprintln!("skexec-sign: warning: cannot write to standard output: {error}");
                Exit::Done
            }
            _ => Exit::Done,
        },
        Err(failure) => {
            eprintln!("skexec-sign: {}", line(&failure.to_string()));
            if let Some(advice) = failure.advice {
                eprintln!("  do: {advice}");
            }
            failure.exit
        }
    }
}

/// Help and version go to standard output and are no error, unless they cannot be written.
fn usage(error: &clap::Error) -> ExitCode {
    let text = lines(&error.render().to_string());
    if error.use_stderr() {
        // Where this cannot be written, there is no other place to say so.
        let _ = write!(std::io::stderr(), "{text}");
        return ExitCode::from(Exit::Usage.code());
    }
    let mut out = std::io::stdout();
    let exit = match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let _ = writeln!(std::io::stderr(), "skexec-sign: cannot write to standard output: {error}");
            Exit::Failed
        }
        _ => Exit::Done,
    };
    ExitCode::from(exit.code())
}
