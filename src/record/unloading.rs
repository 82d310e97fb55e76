//! An image goes, and with it all that speaks of it: its record, what the next boot is expected to be, and what was measured of it.

use super::Records;
use crate::arrival;
use crate::machine::Machine;
use crate::measure::{self, Instead};
use crate::reason::Caution;
use crate::rollback;
use crate::sources::Root;
use crate::sys::Kexec;
use crate::system::{Method, Slot, System};
use nix::libc;

/// What still speaks of an image that is not there any more, in a sentence.
pub(crate) type Left = String;

impl Records {
    /// Unloads the image of a slot, whoever loaded it and by whichever call. A locked-down kernel permits it by `kexec_file_load` only; a
    /// kernel without that call has `kexec_load`. The answer within is that of [`emptied`](Self::emptied).
    ///
    /// # Errors
    /// The call, and its errno; the image is there then, and all that speaks of it.
    pub(crate) fn unload(
        &self,
        system: System<'_>,
        machine: &Machine,
        slot: Slot,
    ) -> Result<Result<(), Left>, (Method, i32)> {
        call(system.kexec, machine, slot == Slot::Panic)?;
        Ok(self.emptied(system.root, slot))
    }

    /// The slot holds no image any more, or one that skexec does not know.
    ///
    /// # Errors
    /// What could not be taken back; the rest was, all the same.
    pub(crate) fn emptied(&self, root: &Root, slot: Slot) -> Result<(), Left> {
        let forgotten = self.forget(slot).map_err(|error| format!("its record in /run/skexec remains: {error}"));
        if slot == Slot::Panic {
            return forgotten;
        }
        // Where these cannot be noted, the next boot still has to be recognised.
        drop(rollback::expect(root, None, None, ""));
        drop(arrival::expect(root, None));
        let closed = measure::instead(root, Instead::Unloaded);
        let closed = closed.map_err(|fault| format!("{fault} ({})", Caution::MeasurementNotClosed.slug()));
        match (forgotten, closed) {
            (Err(first), Err(second)) => Err(format!("{first}; {second}")),
            (first, second) => first.and(second),
        }
    }
}

/// By the call that the kernel has; where that is not known, tries `kexec_file_load`, then `kexec_load`.
fn call(kexec: &dyn Kexec, machine: &Machine, panic: bool) -> Result<(), (Method, i32)> {
    let segments = || kexec.segments_unload(panic).map_err(|errno| (Method::Segments, errno));
    if machine.kexec.file_load == Some(false) {
        return segments();
    }
    match kexec.file_unload(panic) {
        Err(libc::ENOSYS) if machine.kexec.file_load.is_none() => segments(),
        answer => answer.map_err(|errno| (Method::File, errno)),
    }
}
