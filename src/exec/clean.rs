//! A shutdown by the init system.

use super::departure::not_inhibited;
use super::note::Pending;
use super::{Orderly, Outcome, Request, note};
use crate::arrival::Exec;
use crate::machine::Machine;
use crate::measure::Boots;
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason};
use crate::shutdown::{self, logind, on_the_clock, systemd};
use crate::sources::Root;
use crate::system::System;
use anyhow::Context as _;
use std::io;

/// Asks for a shutdown that ends in the loaded kernel: logind, or else systemd.
pub(super) fn shut_down(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    orderly: Option<&Orderly>,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    let root = system.root;
    let pending = Pending::read(root);
    match request.watchdog {
        Some(seconds) => match systemd::arm(root, seconds) {
            Ok(said) => follow(Event::Armed(said)),
            Err(error) => {
                note::disarmed(root, pending.as_ref(), follow);
                return Err(error).context("cannot have systemd arm the watchdog");
            }
        },
        // A shutdown that was wanted with one may have been stopped since.
        None => note::put_back(root, follow),
    }
    if let Err(finding) = note::measured(system, request, Boots::AfterShutdown, follow) {
        note::disarmed(root, pending.as_ref(), follow);
        return Ok(Err(finding));
    }
    let due = orderly.and_then(|orderly| orderly.due);
    let exec = Exec::now(root, true);
    let time_ms = due.and_then(|second| u64::try_from(second).ok()?.checked_mul(1000)).unwrap_or(exec.time_ms);
    note::announce(system, request, machine, Exec { time_ms, scheduled: due.is_some(), ..exec }, follow);
    let asked = match orderly {
        None => by_unit(root, follow),
        Some(orderly) => by_logind(orderly, root, follow),
    };
    if !matches!(asked, Ok(Ok(_))) {
        note::failed(system, machine, pending, follow);
    }
    asked
}

fn by_unit(root: &Root, follow: &mut Follow<'_>) -> anyhow::Result<Result<Outcome, Finding>> {
    follow(Event::ShuttingDown);
    systemd::shut_down(root).context("cannot ask systemd to shut the machine down")?;
    Ok(Ok(Outcome::ShuttingDown))
}

/// Where logind does not answer, a shutdown that is wanted now is made without it.
fn by_logind(orderly: &Orderly, root: &Root, follow: &mut Follow<'_>) -> anyhow::Result<Result<Outcome, Finding>> {
    follow(Event::AskingLogind(orderly.due.map(on_the_clock)));
    match (ask_logind(orderly, root, follow), orderly.due) {
        (Ok(()), None) => Ok(Ok(Outcome::ShuttingDown)),
        (Ok(()), Some(due)) => Ok(Ok(Outcome::Scheduled(due))),
        (Err(error), Some(_)) => Err(error).context("cannot ask logind to shut the machine down"),
        (Err(error), None) => match not_inhibited(orderly, root) {
            // It was taken since, and logind refused for it.
            Ok(Err(finding)) => Ok(Err(finding)),
            // It waits for the programs that delay the one before, which may not end in a kernel at all.
            _ if shutdown::is_under_way(root) == Some(true) => Ok(Err(Reason::ShutdownUnderWay.into())),
            _ => {
                follow(Event::Fault(format!("logind does not shut the machine down: {error}")));
                by_unit(root, follow)
            }
        },
    }
}

fn ask_logind(orderly: &Orderly, root: &Root, follow: &mut Follow<'_>) -> io::Result<()> {
    if let Err(error) = logind::set_wall(root, orderly.wall.as_deref()) {
        follow(Event::Fault(format!("the users may not be told: {error}")));
    }
    match orderly.due {
        None => logind::reboot(root, orderly.ignore_inhibitors),
        Some(second) => logind::schedule(root, second),
    }
}
