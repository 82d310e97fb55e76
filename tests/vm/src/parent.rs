//! Programs that must not outlive the harness, however it ends.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Command, id};

use anyhow::{Context, Result, ensure};
use nix::sys::prctl;
use nix::sys::signal::Signal;

/// The hidden subcommand by which the harness starts itself as a guard.
pub(crate) const GUARD: &str = "guard";

/// The same program, started through a guard.
pub(crate) fn guarded(program: Command) -> Result<Command> {
    let mut guard = Command::new(env::current_exe()?);
    guard.args([GUARD, &id().to_string()]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            guard.env(name, value);
        }
    }
    Ok(guard)
}

/// Asks the kernel to end this process when its parent ends, then becomes the program.
pub(crate) fn become_guarded(parent: u32, program: &[OsString]) -> Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    ensure!(parent_id() == parent, "the harness is gone");
    let (name, arguments) = program.split_first().context("no program")?;
    Err(Command::new(name).args(arguments).exec()).with_context(|| name.display().to_string())
}
