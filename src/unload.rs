//! `skexec unload`: what is loaded is forgotten.

use crate::machine::Machine;
use crate::permit;
use crate::reason::{Finding, Reason};
use crate::record::Records;
use crate::sys::Kexec;
use crate::system::{Method, Slot, System};
use anyhow::Context as _;
use nix::libc;

/// Forgets what is loaded, whoever loaded it and how, and says whether anything was: that nothing is, is no failure. A locked down kernel permits it by `kexec_file_load` only; a kernel
/// without that one has the other.
///
/// # Errors
/// Only what has no reason in the table.
pub fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<bool, Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_change(&machine, slot) {
        return Ok(Err(finding));
    }
    let loaded = if slot == Slot::Panic { machine.kexec.crash_loaded } else { machine.kexec.loaded };
    let Some(records) = Records::lock(system.root).context("cannot lock /run/skexec")? else {
        return Ok(Err(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")));
    };
    if loaded == Some(false) {
        // Someone else unloaded it, perhaps; what they load next is not what was recorded.
        records.forget(slot).context("cannot remove the record in /run/skexec")?;
        return Ok(Ok(false));
    }
    if let Err((method, errno)) = forget(system.kexec, &machine, slot == Slot::Panic) {
        return Ok(Err(permit::explain(errno, &machine, method, slot)));
    }
    records.forget(slot).context("the kernel was unloaded, but its record in /run/skexec remains")?;
    Ok(Ok(true))
}

/// By the call that the kernel has; where that is not known, by the other when the first is not there.
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
