//! `skexec exec`: from a loaded kernel to the jump.

mod clean;
mod departure;
mod forced;
mod note;
mod stopped;

use crate::arrival;
use crate::machine::{Kexec, Machine};
use crate::measure;
use crate::permit;
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason};
use crate::record::{self, PATIENCE, Record, Records, Standing, busy};
use crate::shutdown::{self, logind};
use crate::system::{Slot, System};
use crate::watchdog;
use anyhow::{Context as _, anyhow};
use departure::{Departure, Way};
pub(crate) use stopped::take_back_stopped;

/// How the jump is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Also an image that skexec has no record of, or whose record is contradicted.
    pub foreign: bool,
    /// The seconds after which the hardware resets a kernel that hangs.
    pub watchdog: Option<u32>,
    /// How the running system is left.
    pub leave: Leave,
    /// What tells the load that is to be booted from any other; nothing for whatever is loaded.
    pub identity: Option<String>,
    /// The number of the process that was asked to leave it. Another one may do it in its place.
    pub process: u32,
}

/// How the running system is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Jump without asking the init system to stop services.
    Forced,
    /// Start systemd's `kexec.target`, whoever wants the machine to stay up.
    Unit,
    /// Through logind, where it runs; else by systemd's unit.
    Orderly(Orderly),
}

/// What logind is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Orderly {
    /// The second since 1970 at which the shutdown begins; nothing for one that begins at once.
    pub due: Option<i64>,
    /// Also where a program wants the machine to stay up.
    pub ignore_inhibitors: bool,
    /// What the users are told besides that the machine reboots; nothing where they are not to be told.
    pub wall: Option<String>,
}

/// What was done, if the machine still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The init system shuts the machine down.
    ShuttingDown,
    /// logind will shut it down at this second since 1970.
    Scheduled(i64),
}

/// Whether [`exec`] would leave the running system once a kernel is loaded: for a command that loads one first.
pub(crate) fn may_leave(system: System<'_>, request: &Request) -> Result<(), Finding> {
    let machine = Machine::read(system.root);
    permit::may_jump(&machine)?;
    Departure::of(request, &machine, system.root).map(drop)
}

/// Cancels a shutdown that was scheduled, and says whether one was.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn cancel(system: System<'_>, follow: &mut Follow<'_>) -> anyhow::Result<Result<bool, Finding>> {
    let machine = Machine::read(system.root);
    // logind may let a user cancel it who can take back nothing of what was noted and measured for it.
    if let Err(finding) = permit::privileged(&machine) {
        return Ok(Err(finding));
    }
    if !logind::runs(system.root) && !measure::awaits_shutdown(system.root) {
        return Ok(Err(Reason::NoLogind.into()));
    }
    if let Some(mode) = logind::another_kind(system.root) {
        anyhow::bail!("a {mode} is scheduled, which boots no loaded kernel; shutdown -c cancels it");
    }
    // Held to the end: another skexec may be measuring what it boots, or noting its jump.
    let records = Records::lock_within(system.root, PATIENCE);
    let is_busy = matches!(records, Ok(None));
    // Where /run cannot be written, nothing is noted there that would have to be changed.
    if let Err(error) = &records {
        follow(unlocked(error));
    }
    // The machine must stay up, whatever the other one does.
    let cancelled = if logind::runs(system.root) { logind::cancel(system.root) } else { Ok(false) };
    match (&cancelled, is_busy) {
        (Ok(true), false) => note::stay(system, &machine, follow),
        (Ok(true), true) => follow(Event::Fault(NOT_TAKEN_BACK.into())),
        // It was stopped in another way: whoever calls this says so, where systemd does not say the opposite.
        (_, false) if measure::awaits_shutdown(system.root) || arrival::awaits_shutdown(system.root) => {
            match shutdown::is_under_way(system.root) {
                Some(true) => follow(Event::Fault(note::STILL_BOOTED.into())),
                _ => note::stay(system, &machine, follow),
            }
        }
        _ => {}
    }
    Ok(Ok(cancelled.context("cannot cancel the shutdown")?))
}

const NOT_TAKEN_BACK: &str = "another skexec holds /run/skexec/lock: what was noted for the next boot, armed and measured for the shutdown \
                              is not taken back; the next exec does so, and skexec unload what was measured";

fn unlocked(error: &std::io::Error) -> Event {
    Event::Fault(format!("cannot lock /run/skexec: {error}"))
}

/// Boots the loaded kernel. Forced, this does not return when it works.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn exec(
    system: System<'_>,
    request: &Request,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_jump(&machine) {
        return Ok(Err(finding));
    }
    // Held to the end, so that no other skexec replaces the image between this check and the jump.
    let records = match Records::lock_within(system.root, PATIENCE) {
        Ok(Some(records)) => records,
        Ok(None) => return Ok(Err(busy())),
        Err(error) if request.foreign => {
            follow(unlocked(&error));
            return without_lock(system, request, &machine, follow);
        }
        Err(error) => return Err(error).context("cannot lock /run/skexec"),
    };
    // Read again under the lock: another skexec may have loaded or unloaded a kernel meanwhile.
    let machine = Machine { kexec: Kexec::read(system.root, &machine.config), ..machine };
    if let Err(finding) = known(system, &machine, request, &records)? {
        return Ok(Err(finding));
    }
    leave(system, request, &machine, follow)
}

/// Where /run cannot be written, there is no record either: only an image that need not be recorded can be booted.
fn without_lock(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    if machine.kexec.loaded == Some(false) {
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    leave(system, request, machine, follow)
}

/// Whether an image is loaded, and whether it is the one that skexec recorded.
fn known(
    system: System<'_>,
    machine: &Machine,
    request: &Request,
    records: &Records,
) -> anyhow::Result<Result<(), Finding>> {
    if machine.kexec.loaded == Some(false) {
        // Another program may have unloaded it; what it loads next is not what was recorded.
        let emptied = records.emptied(system.root, Slot::Reboot);
        emptied.map_err(|left| anyhow!("no kernel is loaded, but {left}"))?;
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    records.settle(system.root, &machine.kexec, Slot::Reboot).context("cannot settle the record in /run/skexec")?;
    if request.foreign {
        return Ok(Ok(()));
    }
    Ok(match record::known(system.root, &machine.kexec, Slot::Reboot) {
        Ok(None) if machine.kexec.loaded.is_none() => Err(record::none_seen()),
        Ok(None) => Err(Reason::ForeignImage.into()),
        Ok(Some((_, Standing::Contradicted(why)))) => Err(Finding::new(Reason::RecordContradicted, why)),
        Ok(Some((record, Standing::Proved | Standing::Unproved))) => chosen(&record, request),
        Err(error) => {
            let seen = format!("the record in /run/skexec cannot be read: {error}");
            Err(Finding::new(Reason::RecordContradicted, seen))
        }
    })
}

/// Whether what is loaded is what the command that wants to boot it has loaded.
fn chosen(record: &Record, request: &Request) -> Result<(), Finding> {
    match &request.identity {
        Some(identity) if *identity != record.identity() => {
            Err(Finding::new(Reason::ImageReplaced, format!("{} is loaded now", record.kernel)))
        }
        _ => Ok(()),
    }
}

fn leave(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    let Departure { way, watchdogs } = match Departure::of(request, machine, system.root) {
        Ok(departure) => departure,
        Err(finding) => return Ok(Err(finding)),
    };
    if let Some(warning) = request.watchdog.and_then(|_| watchdog::warning(system.root)) {
        follow(Event::Fault(format!("{} ({})", warning.message, warning.slug())));
    }
    match way {
        Way::Jump => forced::jump(system, request, machine, watchdogs, follow).map(Err),
        Way::Unit => clean::shut_down(system, request, machine, None, follow),
        Way::Logind(orderly) => clean::shut_down(system, request, machine, Some(orderly), follow),
    }
}
