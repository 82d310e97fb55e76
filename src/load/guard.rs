//! Protection of the loaded image against other programs: the kernel counts their calls, or refuses them.

use crate::machine::kexec::{DISABLED, Limit, limit_file};
use crate::reason::{Caution, Warning};
use crate::sources::Root;
use std::fs::OpenOptions;
use std::io::{self, Write};

/// What `--count-loads` sets: more calls than anybody makes between two boots.
const MANY: u32 = 1_000_000;

/// Lets the kernel count calls from now on, unless it does already. Linux before 6.3 cannot count: a warning says so.
///
/// # Errors
/// That the value cannot be written.
pub(super) fn count_loads(root: &Root, panic: bool) -> io::Result<Option<Warning>> {
    match Limit::read(root, panic) {
        Some(Limit::Remaining(_)) => Ok(None),
        Some(Limit::Unlimited) => set(root, limit_file(panic), &MANY.to_string()).map(|()| None),
        None => {
            let message =
                "--count-loads has no effect: the running kernel cannot count loads (Linux 6.3 and later can)";
            Ok(Some(Warning::new(Caution::NoEffect, message)))
        }
    }
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
