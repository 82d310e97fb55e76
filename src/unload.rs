//! `skexec unload`: unloads the image that the kernel holds.

use crate::arrival;
use crate::causes;
use crate::machine::Machine;
use crate::machine::kexec::Limit;
use crate::measure::{self, Instead};
use crate::permit;
use crate::reason::Finding;
use crate::record::{Records, busy};
use crate::rollback;
use crate::sources::Root;
use crate::sys::Kexec;
use crate::system::{Method, Slot, System};
use anyhow::Context as _;
use nix::libc;

/// Unloads the image under the lock of the records.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<bool, Finding>> {
    // Who may not unload may not lock either: the first is what to say then.
    if let Err(finding) = permit::may_change(&Machine::read(system.root), slot) {
        return Ok(Err(finding));
    }
    match Records::lock(system.root).context("cannot lock /run/skexec")? {
        Some(records) => unload_under(system, slot, &records),
        None => Ok(Err(busy())),
    }
}

/// Unloads the image, whoever loaded it and by whichever call, and says whether there was one: that nothing is loaded is no
/// failure. A locked-down kernel permits it by `kexec_file_load` only; a kernel without that call has `kexec_load`.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn unload_under(system: System<'_>, slot: Slot, records: &Records) -> anyhow::Result<Result<bool, Finding>> {
    // Read under the lock: another skexec may have loaded or unloaded a kernel before.
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_change(&machine, slot) {
        return Ok(Err(finding));
    }
    let loaded = if slot == Slot::Panic { machine.kexec.crash_loaded } else { machine.kexec.loaded };
    if loaded == Some(false) {
        // Another program may have unloaded it; what it loads next is not what was recorded.
        records.forget(slot).context("cannot remove the record in /run/skexec")?;
        expect_nothing(system.root, slot);
        return Ok(Ok(false));
    }
    let panic = slot == Slot::Panic;
    let before = Limit::read(system.root, panic);
    if let Err((method, errno)) = forget(system.kexec, &machine, panic) {
        let recounted = records.recount(slot, before, Limit::read(system.root, panic));
        recounted.context("the kernel was not unloaded, and its record in /run/skexec cannot be brought up to date")?;
        return Ok(Err(causes::of_failed(system.root, method.into(), errno, slot, &machine)));
    }
    records.forget(slot).context("the kernel was unloaded, but its record in /run/skexec remains")?;
    expect_nothing(system.root, slot);
    if slot == Slot::Reboot {
        measure::instead(system.root, Instead::Unloaded).map_err(anyhow::Error::msg)?;
    }
    Ok(Ok(true))
}

/// Nothing is expected to boot any more. Where this cannot be noted, the next boot still has to be recognised.
fn expect_nothing(root: &Root, slot: Slot) {
    if slot == Slot::Reboot {
        drop(rollback::expect(root, None, None, ""));
        drop(arrival::expect(root, None));
    }
}

/// Unloads by the call that the kernel has; where that is not known, tries `kexec_file_load`, then `kexec_load`.
fn forget(kexec: &dyn Kexec, machine: &Machine, panic: bool) -> Result<(), (Method, i32)> {
    let segments = || kexec.segments_unload(panic).map_err(|errno| (Method::Segments, errno));
    if machine.kexec.file_load == Some(false) {
        return segments();
    }
    match kexec.file_unload(panic) {
        Err(libc::ENOSYS) if machine.kexec.file_load.is_none() => segments(),
        answer => answer.map_err(|errno| (Method::File, errno)),
    }
}
