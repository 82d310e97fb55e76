//! `skexec exec`: from a loaded kernel to the jump.

use crate::arrival::{self, Exec};
use crate::causes::{self, Call};
use crate::machine::surroundings::Init;
use crate::machine::{Kexec, Machine};
use crate::measure::{self, Instead};
use crate::permit;
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason};
use crate::record::{self, Records, Standing};
use crate::shutdown::{self, When, logind, on_the_clock};
use crate::sources::Root;
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Slot, System};
use crate::watchdog::{self, Armed, Watchdog};
use anyhow::Context as _;
use std::io;
use std::time::SystemTime;

/// How the jump is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Also an image that skexec has no record of, or whose record is contradicted.
    pub foreign: bool,
    /// The seconds after which the hardware resets a kernel that hangs.
    pub watchdog: Option<u32>,
    /// How the running system is left.
    pub leave: Leave,
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
    pub when: When,
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
pub(crate) fn may_leave(system: System<'_>, leave: &Leave) -> Result<(), Finding> {
    let machine = Machine::read(system.root);
    permit::may_jump(&machine)?;
    match Way::of(leave, &machine, system.root)? {
        // Where logind does not answer now, the command that leaves will say so.
        Way::Logind(orderly) => not_inhibited(orderly, system.root).unwrap_or(Ok(())),
        Way::Jump | Way::Unit => Ok(()),
    }
}

/// Cancels a shutdown that was scheduled, and says whether one was.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn cancel(system: System<'_>, follow: &mut Follow<'_>) -> anyhow::Result<Result<bool, Finding>> {
    if !logind::runs(system.root) {
        return Ok(Err(Reason::NoLogind.into()));
    }
    let cancelled = logind::cancel(system.root).context("cannot cancel the shutdown")?;
    if cancelled {
        stay(system, &Machine::read(system.root), follow);
    }
    Ok(Ok(cancelled))
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
    let records = match Records::lock(system.root) {
        Ok(Some(records)) => records,
        Ok(None) => return Ok(Err(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock"))),
        Err(error) if request.foreign => return without_lock(system, request, &machine, &error.to_string(), follow),
        Err(error) => return Err(error).context("cannot lock /run/skexec"),
    };
    // Read again under the lock: another skexec may have loaded or unloaded a kernel meanwhile.
    let machine = Machine { kexec: Kexec::read(system.root, &machine.config), ..machine };
    if let Err(finding) = known(system, &machine, request.foreign, &records)? {
        return Ok(Err(finding));
    }
    leave(system, request, &machine, follow)
}

/// Where /run cannot be written, there is no record either: only an image that need not be recorded can be booted.
fn without_lock(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    why: &str,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    follow(Event::Fault(format!("cannot lock /run/skexec: {why}")));
    if machine.kexec.loaded == Some(false) {
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    leave(system, request, machine, follow)
}

/// Whether an image is loaded, and whether it is the one that skexec recorded.
fn known(
    system: System<'_>,
    machine: &Machine,
    foreign: bool,
    records: &Records,
) -> anyhow::Result<Result<(), Finding>> {
    if machine.kexec.loaded == Some(false) {
        // Another program may have unloaded it; what it loads next is not what was recorded.
        records.forget(Slot::Reboot).context("cannot remove the record in /run/skexec")?;
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    if foreign {
        return Ok(Ok(()));
    }
    let record = match record::read(system.root, Slot::Reboot) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Err(Reason::ForeignImage.into())),
        Err(error) => {
            let seen = format!("the record in /run/skexec cannot be read: {error}");
            return Ok(Err(Finding::new(Reason::RecordContradicted, seen)));
        }
    };
    Ok(match record.standing(system.root, &machine.kexec, Slot::Reboot) {
        Standing::Contradicted(why) => Err(Finding::new(Reason::RecordContradicted, why)),
        Standing::Proved | Standing::Unproved => Ok(()),
    })
}

/// How this machine can be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way<'a> {
    /// The jump is made at once.
    Jump,
    /// systemd's unit is started.
    Unit,
    /// logind is asked.
    Logind(&'a Orderly),
}

impl<'a> Way<'a> {
    fn of(leave: &'a Leave, machine: &Machine, root: &Root) -> Result<Self, Finding> {
        // In an initramfs there is no init system that could stop services.
        let alone = std::process::id() == 1 || machine.surroundings.initramfs;
        match (leave, &machine.surroundings.init) {
            (Leave::Forced, _) => Ok(Self::Jump),
            (Leave::Orderly(orderly), Init::Systemd) if logind::runs(root) => Ok(Self::Logind(orderly)),
            (Leave::Orderly(orderly), _) if orderly.when != When::Now => Err(Reason::NoLogind.into()),
            (_, Init::Systemd) => Ok(Self::Unit),
            _ if alone => Ok(Self::Jump),
            _ => Err(Reason::NoInit.into()),
        }
    }
}

/// Whether a program wants the machine to stay up.
fn not_inhibited(orderly: &Orderly, root: &Root) -> io::Result<Result<(), Finding>> {
    if orderly.ignore_inhibitors {
        return Ok(Ok(()));
    }
    let inhibitors: Vec<_> = logind::blocking(root)?.iter().map(ToString::to_string).collect();
    if inhibitors.is_empty() {
        return Ok(Ok(()));
    }
    Ok(Err(Finding::new(Reason::Inhibited, inhibitors.join("; "))))
}

fn leave(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    let watchdogs = match request.watchdog.map(|_| watchdog::find(system.root)).transpose() {
        Ok(found) => found.unwrap_or_default(),
        Err(finding) => return Ok(Err(finding)),
    };
    if let Some(warning) = request.watchdog.and_then(|_| watchdog::warning(system.root)) {
        follow(Event::Fault(format!("{} ({})", warning.message, warning.slug())));
    }
    let orderly = match Way::of(&request.leave, machine, system.root) {
        Ok(Way::Jump) => return Ok(Err(jump(system, request, machine, watchdogs, follow))),
        Ok(Way::Unit) => None,
        Ok(Way::Logind(orderly)) => Some(orderly),
        Err(finding) => return Ok(Err(finding)),
    };
    // Before the measurement, which cannot be taken back. Where logind does not answer now, it will not do so below.
    if let Some(Ok(Err(finding))) = orderly.map(|orderly| not_inhibited(orderly, system.root)) {
        return Ok(Err(finding));
    }
    if let Some(seconds) = request.watchdog {
        let said = shutdown::arm_by_systemd(system.root, seconds).context("cannot have systemd arm the watchdog")?;
        follow(Event::Armed(said));
    }
    if let Err(finding) = measured(system, request, follow) {
        return Ok(Err(finding));
    }
    let due = orderly.and_then(|orderly| orderly.when.due(SystemTime::now()));
    let exec = Exec::now(system.root, true);
    let time_ms = due.and_then(|second| u64::try_from(second).ok()?.checked_mul(1000)).unwrap_or(exec.time_ms);
    announce(system, request, machine, Exec { time_ms, ..exec }, follow);
    let asked = match orderly {
        None => by_unit(system.root, follow),
        Some(orderly) => by_logind(orderly, due, system.root, follow),
    };
    if !matches!(asked, Ok(Ok(_))) {
        stay(system, machine, follow);
    }
    asked
}

fn by_unit(root: &Root, follow: &mut Follow<'_>) -> anyhow::Result<Result<Outcome, Finding>> {
    follow(Event::ShuttingDown);
    shutdown::ask_systemd(root).context("cannot ask systemd to shut the machine down")?;
    Ok(Ok(Outcome::ShuttingDown))
}

/// Where logind does not answer, a shutdown that is wanted now is made without it.
fn by_logind(
    orderly: &Orderly,
    due: Option<i64>,
    root: &Root,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Result<Outcome, Finding>> {
    follow(Event::AskingLogind(due.map(on_the_clock)));
    match (ask_logind(orderly, due, root, follow), due) {
        (Ok(()), None) => Ok(Ok(Outcome::ShuttingDown)),
        (Ok(()), Some(due)) => Ok(Ok(Outcome::Scheduled(due))),
        (Err(error), Some(_)) => Err(error).context("cannot ask logind to shut the machine down"),
        (Err(error), None) => match not_inhibited(orderly, root) {
            // It was taken since, and logind refused for it.
            Ok(Err(finding)) => Ok(Err(finding)),
            _ => {
                follow(Event::Fault(format!("logind does not shut the machine down: {error}")));
                by_unit(root, follow)
            }
        },
    }
}

fn ask_logind(orderly: &Orderly, due: Option<i64>, root: &Root, follow: &mut Follow<'_>) -> io::Result<()> {
    if let Err(error) = logind::set_wall(root, orderly.wall.as_deref()) {
        follow(Event::Fault(format!("the users may not be told: {error}")));
    }
    match due {
        None => logind::reboot(root, orderly.ignore_inhibitors),
        Some(second) => logind::schedule(root, second),
    }
}

/// Notes the jump for the next boot. It is made all the same where it cannot be noted.
fn announce(system: System<'_>, request: &Request, machine: &Machine, exec: Exec, follow: &mut Follow<'_>) {
    // What is written in an initramfs is gone after the jump.
    if machine.surroundings.initramfs {
        return;
    }
    let record = record::read(system.root, Slot::Reboot).ok().flatten().filter(|_| !request.foreign);
    let exec = Exec { watchdog: request.watchdog, ..exec };
    let noted = arrival::execute(system.root, record.as_ref().map(Into::into), exec);
    if let Err(error) = noted {
        let path = arrival::PATH;
        follow(Event::Fault(format!("the next boot will not know when the jump was made: {path}: {error}")));
    }
}

/// Notes that there is no jump. Where this cannot be noted, the next boot still has to be recognised.
fn stay(system: System<'_>, machine: &Machine, follow: &mut Follow<'_>) {
    if let Err(fault) = measure::instead(system.root, Instead::JumpFailed) {
        follow(Event::Fault(fault));
    }
    if !machine.surroundings.initramfs {
        drop(arrival::stay(system.root));
    }
}

fn jump(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    watchdogs: Vec<Watchdog>,
    follow: &mut Follow<'_>,
) -> Finding {
    // Before anything else, so that a hang of the running kernel is noticed, too, and a watchdog that is busy stops nothing.
    let armed = match request.watchdog.map(|seconds| Armed::first(system.root, watchdogs, seconds)).transpose() {
        Ok(armed) => armed,
        Err(finding) => return finding,
    };
    if let Some(armed) = &armed {
        follow(Event::Armed(armed.sentence()));
    }
    if let Err(finding) = measured(system, request, follow) {
        disarm(armed, follow);
        return finding;
    }
    announce(system, request, machine, Exec::now(system.root, false), follow);
    shutdown::prepare_jump(system.root, &mut |fault| follow(Event::Fault(fault)));
    follow(Event::Jumping);
    if let Some(Err(error)) = armed.as_ref().map(Armed::kick) {
        follow(Event::Fault(format!("the watchdog does not start again from its seconds: {error}")));
    }
    let errno = system.kexec.jump();
    disarm(armed, follow);
    stay(system, machine, follow);
    causes::of_failed(system.root, Call::Jump, errno, Slot::Reboot, machine)
}

/// Stops the watchdog, since there is no jump.
fn disarm(armed: Option<Armed>, follow: &mut Follow<'_>) {
    if let Some(fault) = armed.and_then(Armed::stop) {
        follow(Event::Fault(fault));
    }
}

/// Measures what is booted, where the policy demands that.
fn measured(system: System<'_>, request: &Request, follow: &mut Follow<'_>) -> Result<(), Finding> {
    let policy = Policy::read(system.root)?;
    if policy.measure.at.value == MeasureAt::Off {
        return Ok(());
    }
    // An image that skexec did not load has no digests.
    let record = record::read(system.root, Slot::Reboot).ok().flatten().filter(|_| !request.foreign);
    let unknown = || Finding::new(Reason::NotMeasured, "skexec does not know what --foreign boots");
    let record = record.ok_or_else(unknown)?;
    follow(Event::Measuring);
    let notes = measure::measure(system.root, &policy.measure, record.subject()?)?;
    notes.into_iter().for_each(|note| follow(Event::Fault(note)));
    Ok(())
}
