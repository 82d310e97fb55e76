//! Protection of the loaded image against other programs: the kernel counts their calls, or refuses them.

use crate::machine::kexec::{DISABLED, Limit, limit_file};
use crate::reason::{Caution, Warning};
use crate::sources::Root;
use std::fs::OpenOptions;
use std::io::{self, Write};

/// What `--count-loads` sets: more calls than anybody makes between two boots.
const MANY: u32 = 1_000_000;

/// Whether the kernel counts calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// It did before.
    Already,
    /// It does from now on, by this sysctl.
    Begun(&'static str),
    /// It cannot: Linux before 6.3.
    Impossible,
}

/// Lets the kernel count calls from now on, unless it does already.
///
/// # Errors
/// That the value cannot be written.
pub(super) fn count_loads(root: &Root, panic: bool) -> io::Result<Counting> {
    match Limit::read(root, panic) {
        Some(Limit::Remaining(_)) => Ok(Counting::Already),
        Some(Limit::Unlimited) => {
            set(root, limit_file(panic), &MANY.to_string())?;
            let counter = if panic { "kernel.kexec_load_limit_panic" } else { "kernel.kexec_load_limit_reboot" };
            Ok(Counting::Begun(counter))
        }
        None => Ok(Counting::Impossible),
    }
}

/// The warning for `--count-loads` where the kernel cannot count.
pub(super) fn cannot_count() -> Warning {
    let message = "--count-loads has no effect: the running kernel cannot count loads (Linux 6.3 and later can)";
    Warning::new(Caution::NoEffect, message)
}

/// Whether [`lock`] can be expected to work.
///
/// # Errors
/// That the value cannot be written.
pub(super) fn can_lock(root: &Root) -> io::Result<()> {
    OpenOptions::new().write(true).open(root.path(DISABLED)).map(drop)
}

/// Turns kexec loading off until the next boot.
///
/// # Errors
/// That the value cannot be written.
pub(super) fn lock(root: &Root) -> io::Result<()> {
    set(root, DISABLED, "1")
}

/// Writes a sysctl value, and creates no file.
fn set(root: &Root, file: &str, value: &str) -> io::Result<()> {
    OpenOptions::new().write(true).truncate(true).open(root.path(file))?.write_all(format!("{value}\n").as_bytes())
}
