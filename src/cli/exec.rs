//! `skexec exec`.

use super::args::ExecArgs;
use super::output::Output;
use crate::exec::{self, Outcome, Request};
use crate::progress::Event;
use crate::reason::{Exit, Finding};
use crate::system::System;

pub(super) fn run(system: System<'_>, args: ExecArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match leave(system, Request { force: args.force, foreign: args.foreign, watchdog: args.watchdog }, output)? {
        Ok(()) => Ok(Exit::Done),
        Err(finding) => output.failure(&finding),
    }
}

/// Boots the loaded kernel, and prints the steps.
pub(super) fn leave(
    system: System<'_>,
    request: Request,
    output: &mut Output<'_>,
) -> anyhow::Result<Result<(), Finding>> {
    let outcome = exec::exec(system, request, &mut |event| {
        let line = event.to_string();
        match event {
            Event::Fault(_) => output.logged_fault(&line),
            _ => output.logged_step(&line),
        }
    })?;
    if let Ok(Outcome::ShuttingDown) = outcome {
        output.done("shutting_down", "shutting down, then booting the loaded kernel")?;
    }
    Ok(outcome.map(|Outcome::ShuttingDown| ()))
}
