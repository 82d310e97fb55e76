//! The command line of kexec-tools: its options and its exit codes, under skexec's policy and with skexec's messages.

mod act;
mod call;
mod help;
mod options;
mod table;
mod words;

pub(super) use help::help;
pub use help::{kexec_options, kexec_types};
pub use options::{KexecOption, KexecType, Treatment};

use super::args::OutputArgs;
use super::output::Output;
use super::printable;
use crate::journal::Journal;
use crate::machine::{Config, Kexec};
use crate::reason::Reason;
use crate::sources::Root;
use crate::system::{Slot, System};
use call::{Asked, Call, Misuse, asked};
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::Path;
use words::{Item, Words};

/// The version of kexec-tools whose options are known: scripts compare it.
const VERSION: &str = concat!("kexec-tools 2.0.32 (skexec ", env!("CARGO_PKG_VERSION"), ")\n");

/// The exit codes of kexec-tools.
mod code {
    pub(super) const DONE: u8 = 0;
    /// The command line is wrong, or there is nothing to boot; with `--status`, a kernel is loaded.
    pub(super) const WRONG: u8 = 1;
    /// The running kernel has no `kexec_file_load`, or the call takes no such image.
    pub(super) const NO_FILE_LOAD: u8 = 253;
    /// No memory is reserved for a crash kernel.
    pub(super) const NO_CRASH_KERNEL: u8 = 254;
    pub(super) const FAILED: u8 = 255;
}

/// The words for kexec-tools, if the program's name or its first argument is `kexec`.
pub(super) fn words(args: &[OsString]) -> Option<&[OsString]> {
    let (name, rest) = args.split_first()?;
    if Path::new(name).file_name().is_some_and(|name| name == "kexec") {
        return Some(rest);
    }
    rest.split_first().filter(|(first, _)| *first == "kexec").map(|(_, rest)| rest)
}

/// The options and operands among the words, in order: an option with its long name, an operand without. Nothing is done. It is for the
/// comparison with another reader of command lines.
///
/// # Errors
/// What cannot be understood.
#[doc(hidden)]
pub fn kexec_items(args: &[OsString]) -> Result<Vec<(Option<&'static str>, OsString)>, String> {
    let named = |item| match item {
        Item::Option(option, value) => (Some(option.long), value.unwrap_or_default()),
        Item::Operand(word) => (None, word),
    };
    Words::new(args).map(|item| item.map(named)).collect()
}

/// What the words ask for, in Rust's notation. Nothing is done.
///
/// # Errors
/// Why nothing would be done.
#[doc(hidden)]
pub fn kexec_asked(args: &[OsString]) -> Result<String, String> {
    asked(args).map(|asked| format!("{asked:?}")).map_err(|misuse| format!("{misuse:?}"))
}

/// Does what the words ask for, and returns the exit code.
pub(super) fn run(system: System<'_>, words: &[OsString], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match asked(words) {
        Ok(Asked::Help) => print(&help(), out, err),
        Ok(Asked::Version) => print(VERSION, out, err),
        Ok(Asked::CrashSize) => print(&format!("{}\n", kexec(system.root).crash_size.unwrap_or_default()), out, err),
        Ok(Asked::Status(slot)) => status(system.root, slot, err),
        Ok(Asked::Call(call)) => perform(system, &call, out, err),
        Err(misuse) => refuse(&misuse, err),
    }
}

fn kexec(root: &Root) -> Kexec {
    // Only which calls exist is read of the configuration.
    Kexec::read(root, &Config::default())
}

fn print(text: &str, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(err, "skexec: cannot write to standard output: {error}");
            code::FAILED
        }
        _ => code::DONE,
    }
}

/// The answer of `--status` is its exit code.
fn status(root: &Root, slot: Slot, err: &mut dyn Write) -> u8 {
    let kexec = kexec(root);
    match if slot == Slot::Panic { kexec.crash_loaded } else { kexec.loaded } {
        Some(false) => code::DONE,
        Some(true) => code::WRONG,
        None => {
            let _ = writeln!(err, "skexec: whether a kernel is loaded cannot be read in /sys/kernel");
            code::FAILED
        }
    }
}

fn perform(system: System<'_>, call: &Call, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let args = OutputArgs { json: false, quiet: false, verbose: call.debug };
    let mut output = Output::new(args, out, err, system.root, Some(Journal::of(system.root))).in_kexec_words();
    let code = act::act(system, call, &mut output).unwrap_or_else(|error| {
        output.broken(&format!("{error:#}"));
        code::FAILED
    });
    output.close();
    code
}

/// Says why nothing is done.
fn refuse(misuse: &Misuse, err: &mut dyn Write) -> u8 {
    let (what, advice, code) = match misuse {
        Misuse::Usage(what) => (what.clone(), "kexec --help lists the options", code::WRONG),
        Misuse::NoKernel => ("no kernel was named".into(), "give KERNEL; kexec --help lists the options", code::FAILED),
        Misuse::Refused(option, why, advice) => {
            (format!("{option} is refused: {why} ({})", Reason::KexecOption), *advice, code::FAILED)
        }
    };
    let _ = writeln!(err, "skexec: {}\n  do: {advice}", printable::line(&what));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_or_the_first_argument_decides() {
        let rows: [(&[&str], Option<&[&str]>); 7] = [
            (&["kexec"], Some(&[])),
            (&["/usr/sbin/kexec", "-l", "K"], Some(&["-l", "K"])),
            (&["skexec", "kexec", "-e"], Some(&["-e"])),
            (&["kexec", "kexec"], Some(&["kexec"])),
            (&["skexec", "load", "kexec"], None),
            (&["skexec"], None),
            (&[], None),
        ];
        for (args, wanted) in rows {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            let wanted: Option<Vec<_>> = wanted.map(|words| words.iter().map(OsString::from).collect());
            assert_eq!(words(&args).map(<[OsString]>::to_vec), wanted, "{args:?}");
        }
    }
}
