//! The cost of a program: processor time and peak memory, as the kernel counts them.

use std::env;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use crate::tool;

/// The hidden subcommand by which the harness measures: the kernel counts over all children of a process, so each
/// measurement is a process with one child.
pub(crate) const MEASURE: &str = "measure";

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// User and system time.
    pub(crate) micros: i64,
    /// The largest resident set. Before the exec, the child has the harness's own memory, so values below that (some MiB)
    /// cannot be measured.
    pub(crate) peak_kib: i64,
    pub(crate) exit: Option<i32>,
}

/// Runs a program and measures it.
pub(crate) fn cost(program: &Command) -> Result<Cost> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(MEASURE).arg("--").arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Ok(serde_json::from_str(&tool::stdout(&mut command)?)?)
}

/// The process that [`cost`] starts.
pub(crate) fn print(program: &[OsString]) -> Result<()> {
    let (name, arguments) = program.split_first().context("no program")?;
    let mut command = Command::new(name);
    let status = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| name.display().to_string())?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let micros = (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
    ensure!(micros > 0, "the kernel counted no time at all");
    println!("{}", serde_json::to_string(&Cost { micros, peak_kib: usage.max_rss(), exit: status.code() })?);
    Ok(())
}
