//! The command: reads its arguments, calls the floor below, prints.

mod args;
mod asked;
mod booted;
mod choice;
mod complete;
mod deputy;
mod entries;
mod exec;
mod explain;
mod inject;
mod inspect;
mod kexec_tools;
mod leave;
mod load;
mod output;
mod page;
mod plan;
mod policy;
pub mod printable;
mod progress;
mod reboot;
mod refresh;
mod segments;
mod status;
mod terminal;
mod tree;
mod unload;
mod verify;

use crate::confine;
use crate::gather::TrustRequest;
use crate::journal::Journal;
use crate::reason::{Exit, Reason};
use crate::sys::Allocator;
use crate::system::System;
use args::{Cli, Command, TrustArgs, VerifyArgs};
use clap::{CommandFactory, Parser};
pub use kexec_tools::{
    KexecOption, KexecType, Treatment as KexecTreatment, kexec_asked, kexec_items, kexec_options, kexec_types,
};
use output::Output;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
pub use terminal::Terminal;

/// The allocator of a program that is skexec: where no memory is left, it ends with the reason and its exit code.
#[must_use]
pub const fn allocator() -> Allocator {
    Allocator::new(
        "skexec: too little memory is left for skexec itself (out-of-memory)\n",
        Reason::OutOfMemory.exit().code(),
    )
}

/// Runs the program with these arguments (its name first), and returns its exit code: by its name or by its first argument it takes
/// kexec-tools' options and ends with kexec-tools' exit codes.
pub fn start(
    system: System<'_>,
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    match kexec_tools::words(&args) {
        Some(words) => kexec_tools::run(system, words, out, err),
        None => run(system, args, out, err).code(),
    }
}

/// Runs skexec with these arguments (the program's name first), and returns its exit code.
///
/// What is printed goes to `out` and `err`. A reader who has gone away does not change the exit code. Other errors in
/// writing to `out` make it 1 where the output is what was asked for, as `verify`'s is. For `load`, `exec` and `unload`
/// the exit code tells what was done to the machine, and a line on `err` tells that `out` could not be written.
pub fn run(
    system: System<'_>,
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    // A command that is recorded must be the same when it is read.
    let words: Option<Vec<String>> = args.iter().skip(1).map(|word| word.to_str().map(str::to_owned)).collect();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, out, err),
    };
    if let Err((name, what)) = contradiction(&cli.command) {
        return usage(&misused(name, &what), out, err);
    }
    let journal = changes_what_is_booted(&cli.command).then(|| Journal::of(system.root));
    let mut output = Output::new(cli.output, out, err, system.root, journal);
    let exit = dispatch(system, &cli.command, words.as_deref(), &mut output).unwrap_or_else(|error| {
        output.broken(&format!("{error:#}"));
        Exit::Failed
    });
    output.close();
    exit
}

/// What is wrong with arguments that clap accepts one by one, and the command that they belong to.
fn contradiction(command: &Command) -> Result<(), (&'static str, String)> {
    match command {
        Command::Verify(VerifyArgs { files, signature: Some(_), .. }) if files.len() > 1 => {
            Err(("verify", "--signature belongs to one FILE, and several were given".into()))
        }
        Command::Reboot(args) if args.how.dry_run && args.leave.cancels() => {
            Err(("reboot", "--when cancel only cancels a shutdown, and --dry-run changes nothing".into()))
        }
        Command::Exec(args) => args.leave.check(args.foreign.then_some("--foreign")).map_err(|what| ("exec", what)),
        Command::Load(args) => args.how.check(&args.more).map_err(|what| ("load", what)),
        Command::Reboot(args) => {
            args.leave.check(None).and_then(|()| args.how.check(&args.more)).map_err(|what| ("reboot", what))
        }
        Command::Explain(args) => explain::check(args).map_err(|what| ("explain", what)),
        Command::Help(args) => explain::check_topic(args).map_err(|what| ("help", what)),
        Command::Kexec(_) => Err(("kexec", "kexec must be the first argument".into())),
        _ => Ok(()),
    }
}

/// An error with the usage of this command.
fn misused(name: &str, what: &str) -> clap::Error {
    let mut program = Cli::command();
    // It gives the commands their whole names.
    program.build();
    let kind = clap::error::ErrorKind::ArgumentConflict;
    match program.find_subcommand_mut(name) {
        Some(command) => command.error(kind, what),
        None => program.error(kind, what),
    }
}

/// The command line's definition, from which `dist/generate` makes the completions and the manual pages: with the values of arguments
/// that the program itself checks, so that a usage error does not list all of them.
#[must_use]
pub fn command() -> clap::Command {
    use clap::builder::PossibleValuesParser;
    let program = Cli::command();
    let names = program.get_subcommands().filter(|command| !command.is_hide_set());
    // clap keeps static text alone, and whoever asks for the definition asks once.
    let names = names.map(|command| -> &'static str { command.get_name().to_owned().leak() });
    let topics: Vec<_> = names.chain(explain::TABLES).collect();
    let values =
        |argument: clap::Arg, values: PossibleValuesParser| argument.value_parser(values).hide_possible_values(true);
    let slugs = PossibleValuesParser::new(explain::slugs());
    program
        .mut_subcommand("explain", |command| command.mut_arg("slug", |slug| values(slug, slugs)))
        .mut_subcommand("help", |command| {
            command.mut_arg("topic", |topic| values(topic, PossibleValuesParser::new(topics)))
        })
}

/// Whether the command can change what is booted next: then the system's log has what it did.
fn changes_what_is_booted(command: &Command) -> bool {
    match command {
        Command::Load(args) => !args.how.dry_run,
        Command::Reboot(args) => !args.how.dry_run,
        Command::Exec(_) | Command::Refresh(_) | Command::Unload(_) | Command::Booted(_) => true,
        _ => false,
    }
}

fn dispatch(
    system: System<'_>,
    command: &Command,
    words: Option<&[String]>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    if changes_what_is_booted(command) && !matches!(command, Command::Booted(_)) {
        leave::take_back_stopped(system, output);
    }
    match command {
        // Programs and hooks are run by them; `reboot` gives up rights where it loads.
        Command::Exec(_) | Command::Reboot(_) => {}
        _ if changes_what_is_booted(command) => confine::to_change(system),
        Command::Load(_) | Command::Status(_) => confine::to_tell(system),
        _ => confine::to_read(system),
    }
    match command {
        Command::Load(args) => load::run(system, args, words, output),
        Command::Exec(args) => exec::run(system, args, output),
        Command::Reboot(args) => reboot::run(system, args, words, output),
        Command::Refresh(args) => refresh::run(system, *args, output),
        Command::Unload(args) => unload::run(system, *args, output),
        Command::Booted(args) => booted::run(system, *args, output),
        Command::Status(args) => status::run(system, args, output),
        Command::Verify(args) => verify::run(system, args, output),
        Command::Entries(args) => entries::run(system, args, output),
        Command::Inspect(args) => inspect::run(system, args, output),
        Command::Policy => policy::run(system, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Help(args) => explain::help(args, output),
        Command::Complete(args) => complete::run(system, args, output),
        // A contradiction.
        Command::Kexec(_) => Ok(Exit::Usage),
    }
}

/// Help and version go to standard output and are no error, unless they cannot be written.
fn usage(error: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = printable::lines(&error.render().to_string());
    if error.use_stderr() {
        let _ = err.write_all(text.as_bytes());
        return Exit::Usage;
    }
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(err, "skexec: cannot write to standard output: {error}");
            Exit::Failed
        }
        _ => Exit::Done,
    }
}

impl From<&TrustArgs> for TrustRequest {
    fn from(args: &TrustArgs) -> Self {
        Self { keys: args.keys.clone(), revoked: args.revoked.clone(), system: !args.no_system_trust }
    }
}
