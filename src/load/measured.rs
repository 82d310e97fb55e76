//! Measuring what was loaded, where the policy wants that at the load.

use crate::machine::Machine;
use crate::measure::{self, Instead};
use crate::reason::{Caution, Errno, Finding, Warning};
use crate::record::{Record, Records};
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Slot, System};

/// Whether the policy wants what is loaded measured at once.
pub(super) fn is_due(policy: &Policy, slot: Slot) -> bool {
    slot == Slot::Reboot && policy.measure.at.value == MeasureAt::Load
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
    let answer = record.subject().and_then(|subject| measure::measure(system.root, &policy.measure, subject));
    let notes = answer.map_err(|mut finding| {
        finding.detail.push_str(&format!("; {}", take_back(records, system, machine)));
        finding
    })?;
    Ok(notes.into_iter().map(|note| Warning::new(Caution::LogNotKept, note)).collect())
}

/// Unloads what must not stay loaded without having been measured, and says what became of it.
pub(super) fn take_back(records: &Records, system: System<'_>, machine: &Machine) -> String {
    match records.unload(system, machine, Slot::Reboot) {
        Ok(Ok(())) => "the kernel was unloaded again".to_owned(),
        Ok(Err(left)) => format!("the kernel was unloaded again, but {left}"),
        Err((_, errno)) => format!("the kernel is loaded, and unloading it failed: {}", Errno::describe(errno)),
    }
}
