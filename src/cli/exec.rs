//! `skexec exec`.

use super::args::ExecArgs;
use super::leave::{self, cancel, scheduled};
use super::output::Output;
use crate::exec::{Leave, Request};
use crate::reason::Exit;
use crate::system::System;

pub(super) fn run(system: System<'_>, args: &ExecArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    if args.leave.cancels() {
        return cancel(system, output);
    }
    let leaving = if args.force { Leave::Forced } else { args.leave.leave()? };
    let process = std::process::id();
    let request =
        Request { foreign: args.foreign, leave: leaving, watchdog: args.leave.watchdog, identity: None, process };
    match leave::leave(system, &request, output)? {
        Ok(outcome) => {
            if output.json() {
                let at = scheduled(outcome);
                output.document(&serde_json::json!({ "schema": 1, "shutting_down": true, "at": at }))?;
            }
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
