//! `skexec unload`: unloads the image that the kernel holds.

use crate::arrival;
use crate::causes;
use crate::machine::Machine;
use crate::machine::kexec::Limit;
use crate::measure;
use crate::permit;
use crate::reason::{Finding, Reason};
use crate::record::{PATIENCE, Records, busy};
use crate::shutdown::logind;
use crate::sys::Held;
use crate::system::{Slot, System};
use anyhow::{Context as _, anyhow};

/// Unloads the image under the lock of the records.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<bool, Finding>> {
    // Who may not unload may not lock either: the first is what to say then.
    if let Err(finding) = permit::may_change(&Machine::read(system.root), slot) {
        return Ok(Err(finding));
    }
    match Records::lock_within(system.root, PATIENCE).context("cannot lock /run/skexec")? {
        Some(records) => unload_under(system, slot, &records),
        None => Ok(Err(busy())),
    }
}

/// Unloads the image, whoever loaded it and by whichever call, and says whether there was one: that nothing is loaded is no
/// failure.
///
/// # Errors
/// Those that have no reason in the table.
pub(crate) fn unload_under(system: System<'_>, slot: Slot, records: &Records) -> anyhow::Result<Result<bool, Finding>> {
    // Read under the lock: another skexec may have loaded or unloaded a kernel before.
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_change(&machine, slot) {
        return Ok(Err(finding));
    }
    if slot == Slot::Reboot && logind::will_boot(system.root) {
        return Ok(Err(Reason::ShutdownScheduled.into()));
    }
    if slot == Slot::Reboot && measure::awaits_shutdown(system.root) {
        return Ok(Err(Reason::MeasuredForShutdown.into()));
    }
    if slot == Slot::Reboot && arrival::awaits_shutdown(system.root) {
        return Ok(Err(Finding::new(Reason::ShutdownUnderWay, "it boots the loaded kernel")));
    }
    let panic = slot == Slot::Panic;
    if machine.kexec.holds(panic) == Some(false) {
        // Another program may have unloaded it; what it loads next is not what was recorded.
        records.emptied(system.root, slot).map_err(|left| anyhow!("no kernel is loaded, but {left}"))?;
        return Ok(Ok(false));
    }
    // From here on, what ends the program waits until the kernel's image and its record belong together again.
    let _held = Held::all();
    records.settle(system.root, &machine.kexec, slot).context("cannot settle the record in /run/skexec")?;
    let before = Limit::read(system.root, panic);
    match records.unload(system, &machine, slot) {
        Ok(emptied) => emptied.map(|()| Ok(true)).map_err(|left| anyhow!("the kernel was unloaded, but {left}")),
        Err((method, errno)) => {
            let recounted = records.recount(slot, before, Limit::read(system.root, panic));
            recounted
                .context("the kernel was not unloaded, and its record in /run/skexec cannot be brought up to date")?;
            Ok(Err(causes::of_failed(system.root, method.into(), errno, slot, &machine)))
        }
    }
}
