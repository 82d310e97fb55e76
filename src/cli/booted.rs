//! `skexec booted`.

use super::args::BootedArgs;
use super::output::Output;
use crate::arrival::{self, Arrival, Outcome, Settled};
use crate::journal::Priority;
use crate::reason::Exit;
use crate::rollback::{self, Version};
use crate::system::System;
use anyhow::Context as _;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    /// Whether a version was recorded.
    booted: bool,
    /// Who started this boot, where skexec has to do with it.
    this_boot: Option<&'a Arrival>,
}

pub(super) fn run(system: System<'_>, args: BootedArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settled = arrival::settle(system.root).context("cannot record who started this boot");
    let this_boot = match settled {
        Ok(settled) => settled,
        Err(error) if args.started => return Err(error),
        Err(error) => {
            output.logged_fault(&format!("warning: {error:#}"));
            None
        }
    };
    if let Some(settled) = this_boot.as_ref().filter(|settled| !settled.logged) {
        note(settled, system, output);
    }
    let arrival = this_boot.map(|settled| settled.arrival);
    let version = if args.started { Ok(None) } else { rollback::settle(system.root) };
    let version = match version {
        Ok(version) => version,
        Err(finding) => return output.failure(&finding),
    };
    let text = version
        .as_ref()
        .map(|Version { name, number }| format!("{name}: version {number} has booted; lower versions are refused"));
    if output.json() {
        output.document(&Document { schema: 1, booted: text.is_some(), this_boot: arrival.as_ref() })?;
    } else if let Some(arrival) = arrival.as_ref().filter(|_| args.started) {
        output.fact(&arrival.message)?;
    } else if args.started {
        output.fact("skexec has nothing to do with this boot")?;
    }
    match text {
        Some(text) => output.event(&text)?,
        None if args.started || output.json() => {}
        None => output.fact("this boot was not started by a load with a manifest, or it is recorded already")?,
    }
    Ok(Exit::Done)
}

/// One entry in the system's log, with a field for each fact. Where the log does not take it, the next call tries again.
fn note(settled: &Settled, system: System<'_>, output: &mut Output<'_>) {
    let arrival = &settled.arrival;
    let priority = match arrival.outcome {
        Outcome::Expected | Outcome::NotExecuted => Priority::Notice,
        Outcome::OtherKernel | Outcome::NeverCameUp => Priority::Warning,
    };
    let text = [std::slice::from_ref(&arrival.message), &arrival.why].concat().join("; ");
    if !output.record(priority, &text, &arrival.fields()) {
        return;
    }
    if let Err(error) = arrival::note_logged(system.root, settled) {
        output.logged_fault(&format!("warning: the system's log will have this entry again: {error}"));
    }
}
