//! Whether and how this machine can be left: what is known before a kernel is loaded for it.

use super::{Leave, Orderly, Request};
use crate::machine::Machine;
use crate::machine::surroundings::Init;
use crate::reason::{Finding, Reason};
use crate::shutdown::{self, logind, systemd};
use crate::sources::Root;
use crate::sources::policy::{MeasureAt, Policy};
use crate::watchdog::{self, Watchdog};
use std::io;

/// How this machine can be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// The jump is made at once.
    Jump,
    /// systemd's unit is started.
    Unit,
    /// logind is asked.
    Logind(&'a Orderly),
}

/// A way that is open, and what it needs.
#[derive(Debug)]
pub(super) struct Departure<'a> {
    pub(super) way: Way<'a>,
    /// The watchdogs that can be armed; none where none is wanted.
    pub(super) watchdogs: Vec<Watchdog>,
}

impl<'a> Departure<'a> {
    /// Makes every check that changes nothing.
    ///
    /// # Errors
    /// `no-logind`, `no-init`, `shutdown-under-way`, `another-shutdown`, `not-measured`, `policy-file`, `no-watchdog`, `inhibited`
    pub(super) fn of(request: &'a Request, machine: &Machine, root: &Root) -> Result<Self, Finding> {
        let way = Way::of(&request.leave, request.process, machine, root)?;
        if way != Way::Jump {
            takes_no_others_place(&request.leave, root)?;
        }
        let find = |seconds| watchdog::that_count(watchdog::find(root)?, seconds);
        let watchdogs = request.watchdog.map(find).transpose()?.unwrap_or_default();
        if request.watchdog.is_some() && matches!(way, Way::Logind(_) | Way::Unit) {
            watchdog::is_armed_by_systemd(&watchdogs, &systemd::watchdog_device(root))?;
        }
        if let Way::Logind(orderly) = way {
            will_be_measured(orderly, root)?;
            // Where logind does not answer now, it will not do so when it is asked for the shutdown.
            not_inhibited(orderly, root).unwrap_or(Ok(()))?;
        }
        Ok(Self { way, watchdogs })
    }
}

impl<'a> Way<'a> {
    fn of(leave: &'a Leave, process: u32, machine: &Machine, root: &Root) -> Result<Self, Finding> {
        // In an initramfs there is no init system that could stop services.
        let alone = process == 1 || machine.surroundings.initramfs;
        match (leave, &machine.surroundings.init) {
            (Leave::Forced, _) => Ok(Self::Jump),
            (Leave::Orderly(orderly), Init::Systemd) if logind::runs(root) => Ok(Self::Logind(orderly)),
            (Leave::Orderly(orderly), _) if orderly.due.is_some() => Err(Reason::NoLogind.into()),
            (_, Init::Systemd) => Ok(Self::Unit),
            _ if alone => Ok(Self::Jump),
            _ => Err(Reason::NoInit.into()),
        }
    }
}

/// Another shutdown that is under way or scheduled is not taken for this one, nor is what was noted, armed and measured for it changed.
fn takes_no_others_place(leave: &Leave, root: &Root) -> Result<(), Finding> {
    if shutdown::is_under_way(root) == Some(true) {
        return Err(Reason::ShutdownUnderWay.into());
    }
    let is_scheduled = matches!(leave, Leave::Orderly(orderly) if orderly.due.is_some());
    match logind::another_kind(root).filter(|_| is_scheduled) {
        Some(kind) => Err(Finding::new(Reason::AnotherShutdown, kind)),
        None => Ok(()),
    }
}

/// A shutdown that is scheduled boots what is loaded when it is due, and skexec does not run then: it could measure only what is loaded
/// now.
fn will_be_measured(orderly: &Orderly, root: &Root) -> Result<(), Finding> {
    if orderly.due.is_none() || Policy::read(root)?.measure.at.value != MeasureAt::Exec {
        return Ok(());
    }
    let seen = "--when boots what is loaded at that time, and [measure] has at = \"exec\", which measures what is loaded now: leave \
                out --when, or set at = \"load\"";
    Err(Finding::new(Reason::NotMeasured, seen))
}

/// Whether a program wants the machine to stay up.
pub(super) fn not_inhibited(orderly: &Orderly, root: &Root) -> io::Result<Result<(), Finding>> {
    if orderly.ignore_inhibitors {
        return Ok(Ok(()));
    }
    let inhibitors: Vec<_> = logind::blocking(root)?.iter().map(ToString::to_string).collect();
    if inhibitors.is_empty() {
        return Ok(Ok(()));
    }
    Ok(Err(Finding::new(Reason::Inhibited, inhibitors.join("; "))))
}
