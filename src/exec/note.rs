//! What is noted of a jump: in the TPM, for the next boot, and by systemd.

use super::Request;
use crate::arrival::{self, Exec, Expected};
use crate::machine::Machine;
use crate::measure::{self, Boots, Instead};
use crate::progress::{Event, Follow};
use crate::reason::{Finding, Reason};
use crate::record;
use crate::shutdown::{self, logind, systemd};
use crate::sources::Root;
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Slot, System};

/// Measures what is booted, where the policy demands that.
pub(super) fn measured(
    system: System<'_>,
    request: &Request,
    boots: Boots,
    follow: &mut Follow<'_>,
) -> Result<(), Finding> {
    let policy = Policy::read(system.root)?;
    if policy.measure.at.value == MeasureAt::Off {
        return Ok(());
    }
    // An image that skexec did not load has no digests.
    let record = record::read(system.root, Slot::Reboot).ok().flatten().filter(|_| !request.foreign);
    let unknown = || Finding::new(Reason::NotMeasured, "skexec does not know what --foreign boots");
    let record = record.ok_or_else(unknown)?;
    follow(Event::Measuring);
    // What was measured at its load may be replaced by what is measured at its own.
    let boots = if policy.measure.at.value == MeasureAt::Exec { boots } else { Boots::Sometime };
    let notes = measure::measure(system.root, &policy.measure, record.subject()?, boots)?;
    notes.into_iter().for_each(|note| follow(Event::Fault(note)));
    Ok(())
}

/// Notes the jump for the next boot. It is made all the same where it cannot be noted.
pub(super) fn announce(system: System<'_>, request: &Request, machine: &Machine, exec: Exec, follow: &mut Follow<'_>) {
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

/// What was noted for a shutdown that is scheduled, and will be made even if another attempt fails.
#[derive(Debug)]
pub(super) struct Pending {
    awaited: Option<Expected>,
    watchdog: Option<u64>,
}

impl Pending {
    /// Before anything is changed.
    pub(super) fn read(root: &Root) -> Option<Self> {
        logind::will_boot(root).then(|| Self { awaited: arrival::awaited(root), watchdog: systemd::still_armed(root) })
    }

    /// What systemd arms for it.
    fn arm(&self, root: &Root, follow: &mut Follow<'_>) {
        if let Some(Err(error)) = self.watchdog.map(|microseconds| systemd::arm_again(root, microseconds)) {
            follow(Event::Fault(format!("systemd does not arm the watchdog at the scheduled shutdown: {error}")));
        }
    }
}

/// After an attempt that failed: notes that there is no jump, or what was noted of the one that is still scheduled.
pub(super) fn failed(system: System<'_>, machine: &Machine, pending: Option<Pending>, follow: &mut Follow<'_>) {
    let root = system.root;
    let Some(pending) = pending.filter(|_| logind::will_boot(root)) else { return stay(system, machine, follow) };
    disarmed(root, Some(&pending), follow);
    if !machine.surroundings.initramfs {
        drop(arrival::await_again(root, pending.awaited));
    }
}

/// After an attempt that failed before anything was noted.
pub(super) fn disarmed(root: &Root, pending: Option<&Pending>, follow: &mut Follow<'_>) {
    put_back(root, follow);
    if let Some(pending) = pending {
        pending.arm(root, follow);
    }
}

/// Notes that there is no jump. Where this cannot be noted, the next boot still has to be recognised.
pub(super) fn stay(system: System<'_>, machine: &Machine, follow: &mut Follow<'_>) {
    not_booted(system.root, follow);
    put_back(system.root, follow);
    if !machine.surroundings.initramfs {
        drop(arrival::stay(system.root));
    }
}

pub(super) const STILL_BOOTED: &str = "the machine is shutting down, so that what was measured may still be booted";

/// Measures that what was measured before the jump is not booted, unless another shutdown is under way, which boots it.
fn not_booted(root: &Root, follow: &mut Follow<'_>) {
    let before_the_jump = Policy::read(root).is_ok_and(|policy| policy.measure.at.value == MeasureAt::Exec);
    // What was measured at its load is still loaded, and any program may boot it.
    if !measure::is_open(root) || !(before_the_jump || measure::awaits_shutdown(root)) {
        return;
    }
    if shutdown::is_under_way(root) == Some(true) {
        follow(Event::Fault(STILL_BOOTED.into()));
        return;
    }
    if let Err(fault) = measure::instead(root, Instead::JumpFailed) {
        follow(Event::Fault(fault));
        // Without a TPM that works, another image must be loaded all the same.
        if let Err(error) = measure::shutdown_is_over(root) {
            follow(Event::Fault(format!("/run/skexec: {error}")));
        }
    }
}

/// Takes back that systemd arms the watchdog, where that was asked for a shutdown that is not made.
pub(super) fn put_back(root: &Root, follow: &mut Follow<'_>) {
    if let Err(error) = systemd::disarm(root) {
        follow(Event::Fault(format!("systemd still arms the watchdog at the next kexec: {error}")));
    }
}
