//! The jump without the init system.

use super::note::Pending;
use super::{Request, note};
use crate::arrival::Exec;
use crate::causes::{self, Call};
use crate::machine::Machine;
use crate::measure::Boots;
use crate::progress::{Event, Follow};
use crate::reason::Finding;
use crate::shutdown;
use crate::sys::{Held, is_to_end};
use crate::system::{Slot, System};
use crate::watchdog::{Armed, Watchdog};

/// Jumps without the init system. This does not return when it works.
///
/// # Errors
/// That a signal was to end the program before the jump.
pub(super) fn jump(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    watchdogs: Vec<Watchdog>,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Finding> {
    let pending = Pending::read(system.root);
    // Whoever ends the program would leave a watchdog that resets the running machine: it is stopped first.
    let held = request.watchdog.map(|_| Held::all());
    // Before anything else, so that a hang of the running kernel is noticed, too, and a watchdog that is busy stops nothing.
    let armed = match request.watchdog.map(|seconds| Armed::first(system.root, watchdogs, seconds)).transpose() {
        Ok(armed) => armed,
        Err(finding) => return Ok(finding),
    };
    if let Some(armed) = &armed {
        follow(Event::Armed(armed.sentence()));
    }
    if let Err(finding) = note::measured(system, request, Boots::Sometime, follow) {
        disarm(armed, follow);
        return Ok(finding);
    }
    // A hook that is left alone would go on to take devices from a machine that stays as it is.
    let held = held.unwrap_or_else(Held::all);
    note::announce(system, request, machine, Exec::now(system.root, false), follow);
    shutdown::run_hooks(system.root, &mut |fault| follow(Event::Fault(fault)));
    if is_to_end() {
        follow(Event::Fault("a signal ends skexec before the jump".into()));
        disarm(armed, follow);
        note::failed(system, machine, pending, follow);
        drop(held);
        anyhow::bail!("a signal was to end skexec before the jump");
    }
    // From here on no signal is asked for: who ended the program would leave a machine whose disks cannot be written.
    kick(armed.as_ref(), follow);
    shutdown::prepare_jump(system.root, &mut |fault| follow(Event::Fault(fault)));
    follow(Event::Jumping);
    kick(armed.as_ref(), follow);
    let errno = system.kexec.jump();
    disarm(armed, follow);
    note::failed(system, machine, pending, follow);
    Ok(causes::of_failed(system.root, Call::Jump, errno, Slot::Reboot, machine))
}

/// Has the watchdog count from the start again.
fn kick(armed: Option<&Armed>, follow: &mut Follow<'_>) {
    if let Some(Err(error)) = armed.map(Armed::kick) {
        follow(Event::Fault(format!("the watchdog does not start again from its seconds: {error}")));
    }
}

/// Stops the watchdog, since there is no jump.
fn disarm(armed: Option<Armed>, follow: &mut Follow<'_>) {
    if let Some(fault) = armed.and_then(Armed::stop) {
        follow(Event::Fault(fault));
    }
}
