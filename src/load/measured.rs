//! Measuring what was loaded, where the policy wants that at the load.

use crate::measure::{self, Instead};
use crate::reason::{Caution, Errno, Finding, Warning};
use crate::record::{Record, Records};
use crate::sources::policy::{MeasureAt, Policy};
use crate::system::{Method, Slot, System};

/// Measures what was loaded. What cannot be measured is unloaded: the policy demands both or neither.
///
/// # Errors
/// `not-measured`
pub(super) fn after(
    method: Method,
    records: &Records,
    system: System<'_>,
    record: &Record,
    policy: &Policy,
) -> Result<Vec<Warning>, Finding> {
    let noted = |note: String| Warning::new(Caution::LogNotKept, note);
    if policy.measure.at.value != MeasureAt::Load {
        // What was measured of the image that this one replaced.
        let closed = measure::instead(system.root, Instead::Unloaded);
        return Ok(closed.err().map(noted).into_iter().collect());
    }
    let answer = record.subject().and_then(|subject| measure::measure(system.root, &policy.measure, subject));
    let notes = answer.map_err(|finding| take_back(method, records, system, finding))?;
    Ok(notes.into_iter().map(noted).collect())
}

fn take_back(method: Method, records: &Records, system: System<'_>, mut finding: Finding) -> Finding {
    let unloaded = match method {
        Method::File => system.kexec.file_unload(false),
        Method::Segments => system.kexec.segments_unload(false),
    };
    let forgotten = unloaded
        .map_err(Errno::describe)
        .and_then(|()| records.forget(Slot::Reboot).map_err(|error| error.to_string()));
    finding.detail.push_str(&match forgotten {
        Ok(()) => "; the kernel was unloaded again".to_owned(),
        Err(error) => format!("; the kernel is loaded, and unloading it failed: {error}"),
    });
    finding
}
