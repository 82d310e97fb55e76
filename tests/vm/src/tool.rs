//! Runs programs; errors name the program and show its output.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

/// Runs a program, and shows its output only if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a program and returns its stdout.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    String::from_utf8(output(command)?.stdout)
        .with_context(|| format!("{} printed something else than text", name(command)))
}

fn output(command: &mut Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", name(command)))?;
    ensure!(
        output.status.success(),
        "{} {} failed ({}):\n{}{}",
        name(command),
        command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(output)
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
