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
use crate::shutdown;
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Slot, System};
use crate::watchdog::{self, Armed, Watchdog};
use anyhow::Context as _;

/// How the jump is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    /// Jump without asking the init system to stop services.
    pub force: bool,
    /// Also an image that skexec has no record of, or whose record is contradicted.
    pub foreign: bool,
    /// The seconds after which the hardware resets a kernel that hangs.
    pub watchdog: Option<u32>,
}

/// What was done, if the machine still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The init system shuts the machine down.
    ShuttingDown,
}

/// Boots the loaded kernel. Forced, this does not return when it works.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn exec(
    system: System<'_>,
    request: Request,
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
    request: Request,
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

fn leave(
    system: System<'_>,
    request: Request,
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
    // In an initramfs there is no init system that could stop services.
    let alone = std::process::id() == 1 || machine.surroundings.initramfs;
    match machine.surroundings.init {
        _ if request.force => Ok(Err(jump(system, request, machine, watchdogs, follow))),
        Init::Systemd => {
            if let Some(seconds) = request.watchdog {
                let said = shutdown::arm_by_systemd(seconds).context("cannot have systemd arm the watchdog")?;
                follow(Event::Armed(said));
            }
            if let Err(finding) = measured(system, request, follow) {
                return Ok(Err(finding));
            }
            announce(system, request, machine, true, follow);
            follow(Event::ShuttingDown);
            let asked = shutdown::ask_systemd().context("cannot ask systemd to shut the machine down");
            if asked.is_err() {
                stay(system, machine, follow);
            }
            asked.map(|()| Ok(Outcome::ShuttingDown))
        }
        _ if alone => Ok(Err(jump(system, request, machine, watchdogs, follow))),
        _ => Ok(Err(Reason::NoInit.into())),
    }
}

/// Notes the jump for the next boot. It is made all the same where it cannot be noted.
fn announce(system: System<'_>, request: Request, machine: &Machine, clean: bool, follow: &mut Follow<'_>) {
    // What is written in an initramfs is gone after the jump.
    if machine.surroundings.initramfs {
        return;
    }
    let record = record::read(system.root, Slot::Reboot).ok().flatten().filter(|_| !request.foreign);
    let noted = arrival::execute(
        system.root,
        record.as_ref().map(Into::into),
        Exec { watchdog: request.watchdog, ..Exec::now(system.root, clean) },
    );
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
    request: Request,
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
    announce(system, request, machine, false, follow);
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
fn measured(system: System<'_>, request: Request, follow: &mut Follow<'_>) -> Result<(), Finding> {
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
