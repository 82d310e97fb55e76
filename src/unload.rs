//! `skexec unload`: unloads the image that the kernel holds.

use crate::arrival;
use crate::causes;
use crate::machine::kexec::Limit;
use crate::machine::{self, Machine};
use crate::measure::{self, Instead};
use crate::permit;
use crate::reason::{Finding, Reason};
use crate::record::Records;
use crate::rollback;
use crate::sources::Root;
use crate::sys::Kexec;
use crate::system::{Method, Slot, System};
use anyhow::Context as _;
use nix::libc;

/// Unloads the image, whoever loaded it and by whichever call, and says whether there was one: that nothing is loaded is no
/// failure. A locked-down kernel permits it by `kexec_file_load` only; a kernel without that call has `kexec_load`.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<bool, Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_change(&machine, slot) {
        return Ok(Err(finding));
    }
    let Some(records) = Records::lock(system.root).context("cannot lock /run/skexec")? else {
        return Ok(Err(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")));
    };
    // Read again under the lock: another skexec may have loaded or unloaded a kernel meanwhile.
    let kexec = machine::Kexec::read(system.root, &machine.config);
    let loaded = if slot == Slot::Panic { kexec.crash_loaded } else { kexec.loaded };
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
