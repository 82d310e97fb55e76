//! Measuring what was loaded, where the policy wants that at the load.

use crate::machine::Machine;
use crate::measure::{self, Boots, Instead};
use crate::reason::{Caution, Errno, Finding, Reason, Warning};
use crate::record::{Record, Records};
use crate::shutdown::logind;
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Slot, System};

/// Whether the policy wants what is loaded measured at once.
pub(super) fn is_due(policy: &Policy, slot: Slot) -> bool {
    slot == Slot::Reboot && policy.measure.at.value == MeasureAt::Load
}

/// Whether another image may take the place of the one that is loaded.
///
/// # Errors
/// `measured-for-shutdown`
pub(super) fn may_replace(system: System<'_>, slot: Slot) -> Result<(), Finding> {
    if slot == Slot::Reboot && measure::awaits_shutdown(system.root) {
        return Err(Reason::MeasuredForShutdown.into());
    }
    Ok(())
}

/// Whether what is to be loaded can be measured: where it cannot, the image that is loaded already keeps its place.
///
/// # Errors
/// `not-measured`
pub(super) fn before(system: System<'_>, record: &Record, policy: &Policy) -> Result<(), Finding> {
    measure::can_measure(system.root, &policy.measure, record.subject()?)
}

/// Measures that the image that this one replaced is not booted.
pub(super) fn replaced(system: System<'_>, slot: Slot) -> Option<Warning> {
    let closed = if slot == Slot::Reboot { measure::instead(system.root, Instead::Unloaded) } else { Ok(()) };
    closed.err().map(|fault| Warning::new(Caution::MeasurementNotClosed, fault))
}

/// Measures what was loaded. What cannot be measured is unloaded: the policy demands both or neither.
///
/// # Errors
/// `not-measured`
pub(super) fn after(
    records: &Records,
    system: System<'_>,
    machine: &Machine,
    record: &Record,
    policy: &Policy,
) -> Result<Vec<Warning>, Finding> {
    let answer =
        record.subject().and_then(|subject| measure::measure(system.root, &policy.measure, subject, Boots::Sometime));
    let notes = answer.map_err(|mut finding| {
        finding.detail.push_str(&format!("; {}", take_back(records, system, machine)));
        finding
    })?;
    Ok(notes.into_iter().map(|note| Warning::new(Caution::LogNotKept, note)).collect())
}

/// Unloads what must not stay loaded without having been measured, and says what became of it.
pub(super) fn take_back(records: &Records, system: System<'_>, machine: &Machine) -> String {
    let also = || without_image(system, Slot::Reboot);
    match records.unload(system, machine, Slot::Reboot) {
        Ok(Ok(())) => format!("the kernel was unloaded again{}", also()),
        Ok(Err(left)) => format!("the kernel was unloaded again, but {left}{}", also()),
        Err((_, errno)) => format!("the kernel is loaded, and unloading it failed: {}", Errno::describe(errno)),
    }
}

/// What to do about a shutdown that is scheduled and would boot an image that is gone: systemd would load another one. A load must start no
/// program, so that it cannot be cancelled here.
pub(super) fn without_image(system: System<'_>, slot: Slot) -> &'static str {
    if slot == Slot::Panic || !logind::will_boot(system.root) {
        return "";
    }
    "; the scheduled shutdown may boot a kernel that nobody has verified: cancel it (skexec exec --when cancel)"
}
