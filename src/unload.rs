//! `skexec unload`: what is loaded is forgotten.

use crate::load::{explain, permit};
use crate::machine::Machine;
use crate::reason::{Finding, Reason};
use crate::record::{Records, Slot};
use crate::system::System;
use anyhow::Context as _;

/// Forgets what is loaded, by the file system call: a locked down kernel permits no other.
///
/// # Errors
/// Only what has no reason in the table.
pub fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<(), Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_load(&machine, slot) {
        return Ok(Err(finding));
    }
    let loaded = if slot == Slot::Panic { machine.kexec.crash_loaded } else { machine.kexec.loaded };
    if loaded == Some(false) {
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    let Some(records) = Records::lock(system.root).context("cannot lock /run/skexec")? else {
        return Ok(Err(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")));
    };
    if let Err(errno) = system.kexec.unload(slot == Slot::Panic) {
        return Ok(Err(explain(errno, &machine, false)));
    }
    records.forget(slot).context("the kernel was unloaded, but its record in /run/skexec remains")?;
    Ok(Ok(()))
}
