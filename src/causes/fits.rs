//! The tests that tell causes of one errno apart, over facts that user space can read.

use super::{Call, Facts, Fit};
use crate::machine::Lockdown;
use crate::machine::kexec::Limit;
use crate::system::Slot;
use nix::libc::{EACCES, ENOSYS};

/// Nothing else has this errno from this call.
pub(super) const fn alone(_: &Facts<'_>) -> Fit {
    Fit::Sure
}

/// Probable, but no fact proves it.
pub(super) const fn likely(_: &Facts<'_>) -> Fit {
    Fit::Likely
}

/// A check before the call found nothing of the kind.
pub(super) const fn checked(_: &Facts<'_>) -> Fit {
    Fit::Checked
}

/// A fact that proves the cause where it is true, and excludes it where it is false.
const fn by(fact: Option<bool>) -> Fit {
    match fact {
        Some(true) => Fit::Sure,
        Some(false) => Fit::No,
        None => Fit::Possible,
    }
}

pub(super) fn capability(facts: &Facts<'_>) -> Fit {
    let privilege = facts.after.privilege;
    let held = [privilege.cap_sys_boot, privilege.initial_user_namespace];
    if held.contains(&Some(false)) {
        return Fit::Sure;
    }
    if held.contains(&None) { Fit::Possible } else { Fit::No }
}

pub(super) fn disabled(facts: &Facts<'_>) -> Fit {
    by(facts.after.kexec.disabled)
}

/// The last call that the limit permits leaves it at 0, too: it was then refused for another reason.
pub(super) fn limit(facts: &Facts<'_>) -> Fit {
    let panic = facts.slot == Slot::Panic;
    match (facts.before.kexec.limit(panic), facts.after.kexec.limit(panic)) {
        (Some(Limit::Remaining(1)), Some(Limit::Remaining(0))) => Fit::Possible,
        (_, Some(Limit::Remaining(0))) => Fit::Sure,
        _ => Fit::No,
    }
}

/// A filter may answer in the kernel's place; what it filters cannot be read.
pub(super) fn seccomp(facts: &Facts<'_>) -> Fit {
    if facts.after.privilege.seccomp_filter == Some(true) { Fit::Likely } else { Fit::No }
}

pub(super) fn load_pin(facts: &Facts<'_>) -> Fit {
    if facts.after.load_pin.wants_original() { Fit::Sure } else { Fit::No }
}

pub(super) fn lockdown(facts: &Facts<'_>) -> Fit {
    match facts.after.lockdown {
        level if level.restricts() => Fit::Sure,
        Lockdown::Unknown => Fit::Likely,
        _ => Fit::No,
    }
}

/// Only IMA answers EACCES.
pub(super) fn segments_forbidden(facts: &Facts<'_>) -> Fit {
    if facts.errno == EACCES { Fit::Sure } else { lockdown(facts) }
}

/// The kernel has no such call, unless what says so is wrong.
pub(super) fn no_file_load(facts: &Facts<'_>) -> Fit {
    absent(facts.after.kexec.file_load)
}

pub(super) fn no_segments_load(facts: &Facts<'_>) -> Fit {
    absent(facts.after.kexec.segments)
}

const fn absent(present: Option<bool>) -> Fit {
    if matches!(present, Some(false)) { Fit::Sure } else { Fit::Possible }
}

/// Without kexec, the calls that load do not exist; `reboot` exists, and does not know the command.
pub(super) fn no_kexec(facts: &Facts<'_>) -> Fit {
    if (facts.call == Call::Jump) == (facts.errno == ENOSYS) {
        return Fit::No;
    }
    by(facts.after.kexec.present.map(|present| !present))
}

pub(super) fn child_namespace(facts: &Facts<'_>) -> Fit {
    by(facts.after.surroundings.initial_pid_namespace.map(|initial| !initial))
}

/// An image that is loaded now may not have been when the call was made.
pub(super) fn nothing_loaded(facts: &Facts<'_>) -> Fit {
    match facts.after.kexec.loaded {
        Some(false) => Fit::Sure,
        None => Fit::Likely,
        Some(true) => Fit::Possible,
    }
}

/// Where the size of the memory is known, it was compared before the call.
pub(super) fn memory_unknown(facts: &Facts<'_>) -> Fit {
    if facts.after.memory.kexec_limit().is_none() { Fit::Likely } else { Fit::Checked }
}

pub(super) fn no_verifier(facts: &Facts<'_>) -> Fit {
    if facts.after.config.has("KEXEC_BZIMAGE_VERIFY_SIG") == Some(false) { Fit::Sure } else { Fit::No }
}

pub(super) fn no_hole(facts: &Facts<'_>) -> Fit {
    if facts.slot == Slot::Reboot { Fit::Sure } else { Fit::No }
}

pub(super) fn no_reservation(facts: &Facts<'_>) -> Fit {
    match (facts.slot, facts.after.kexec.crash_size) {
        (Slot::Reboot, _) | (_, Some(1..)) => Fit::No,
        (Slot::Panic, Some(0)) => Fit::Sure,
        (Slot::Panic, None) => Fit::Likely,
    }
}

pub(super) fn small_reservation(facts: &Facts<'_>) -> Fit {
    match (facts.slot, facts.after.kexec.crash_size) {
        (Slot::Reboot, _) | (_, Some(0)) => Fit::No,
        (Slot::Panic, Some(1..)) => Fit::Sure,
        (Slot::Panic, None) => Fit::Possible,
    }
}
