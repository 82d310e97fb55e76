//! The options about leaving the running system, and what is said about it.

use super::output::Output;
use crate::exec::{self, Leave, Orderly, Outcome, Request};
use crate::progress::Event;
use crate::reason::{Exit, Finding};
use crate::shutdown::{When, on_the_clock};
use crate::system::System;
use clap::Args;
use std::time::SystemTime;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shutdown")]
pub(super) struct LeaveArgs {
    /// Arm the hardware watchdog before the jump: a kernel that hangs for so long is reset
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub(super) watchdog: Option<u32>,
    /// When to shut down, through logind: `now`, `+MINUTES`, `HH:MM`; `cancel` cancels what was scheduled, and does nothing else
    #[arg(long, value_name = "TIME", value_parser = When::parse, default_value = "now", allow_hyphen_values = true)]
    pub(super) when: When,
    /// Shut down even if a program asks logind to block it
    #[arg(long)]
    pub(super) ignore_inhibitors: bool,
    /// Tell the users this, besides that the machine reboots
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) message: Option<String>,
    /// Do not tell the users
    #[arg(long, conflicts_with = "message")]
    pub(super) no_wall: bool,
}

impl LeaveArgs {
    pub(super) const fn cancels(&self) -> bool {
        matches!(self.when, When::Cancel)
    }

    /// Refuses an option that would do nothing beside `--when cancel`; `more` is one that the command has besides these.
    pub(super) fn check(&self, more: Option<&str>) -> Result<(), String> {
        let own = [
            (self.watchdog.is_some(), "--watchdog"),
            (self.ignore_inhibitors, "--ignore-inhibitors"),
            (self.message.is_some(), "--message"),
            (self.no_wall, "--no-wall"),
        ];
        let given = own.into_iter().find_map(|(given, option)| given.then_some(option)).or(more);
        match given.filter(|_| self.cancels()) {
            Some(option) => Err(format!("--when cancel only cancels a shutdown: {option} would do nothing")),
            None => Ok(()),
        }
    }

    /// How the running system is left. A time is counted from now on, however long a load takes.
    pub(super) fn leave(&self) -> anyhow::Result<Leave> {
        let due = self.when.due(SystemTime::now()).map_err(anyhow::Error::msg)?;
        let wall = if self.no_wall { None } else { Some(self.message.clone().unwrap_or_default()) };
        Ok(Leave::Orderly(Orderly { due, ignore_inhibitors: self.ignore_inhibitors, wall }))
    }
}

/// Boots the loaded kernel, and prints the steps.
pub(super) fn leave(
    system: System<'_>,
    request: &Request,
    output: &mut Output<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    let outcome = exec::exec(system, request, &mut |event| tell(&event, output))?;
    match outcome {
        Ok(Outcome::ShuttingDown) => output.event("shutting down, then booting the loaded kernel")?,
        Ok(Outcome::Scheduled(second)) => {
            output.event(&format!("shutting down at {}, then booting the loaded kernel", on_the_clock(second)))?;
        }
        Err(_) => {}
    }
    Ok(outcome)
}

fn tell(event: &Event, output: &mut Output<'_>) {
    let line = event.to_string();
    match event {
        Event::Fault(_) => output.logged_fault(&line),
        _ => output.logged_step(&line),
    }
}

/// Takes back what was noted and measured for a shutdown that somebody has stopped since.
pub(super) fn take_back_stopped(system: System<'_>, output: &mut Output<'_>) {
    exec::take_back_stopped(system, &mut |event| tell(&event, output));
}

/// The second since 1970 for which a shutdown is scheduled.
pub(super) const fn scheduled(outcome: Outcome) -> Option<i64> {
    match outcome {
        Outcome::ShuttingDown => None,
        Outcome::Scheduled(second) => Some(second),
    }
}

/// Cancels what was scheduled.
pub(super) fn cancel(system: System<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let cancelled = exec::cancel(system, &mut |event| output.logged_fault(&event.to_string()))?;
    match cancelled {
        Ok(true) => output.done("cancelled", "the shutdown is cancelled; a kernel that is loaded stays loaded")?,
        Ok(false) => output.nothing_done("cancelled", "no shutdown was scheduled")?,
        Err(finding) => return output.failure(&finding),
    }
    Ok(Exit::Done)
}
