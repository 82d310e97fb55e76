//! `skexec exec`.

use super::args::ExecArgs;
use super::output::Output;
use crate::exec::{self, Outcome, Request};
use crate::progress::Event;
use crate::reason::Exit;
use crate::system::System;

pub(super) fn run(system: System<'_>, args: ExecArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let request = Request { force: args.force, foreign: args.foreign };
    let outcome = exec::exec(system, request, &mut |event| {
        let line = event.to_string();
        match event {
            Event::Fault(_) => output.logged_fault(&line),
            _ => output.logged_step(&line),
        }
    })?;
    match outcome {
        Ok(Outcome::ShuttingDown) => {
            output.done("shutting_down", "shutting down, then booting the loaded kernel")?;
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
