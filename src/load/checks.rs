//! Whether what is asked for can be done: whether the purgatory may leave out its check, and whether a command line suits a crash kernel.

use super::request::Request;
use crate::authorize::Authorized;
use crate::machine::{Machine, enforcement};
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::sources::policy::{Policy, WaiverOption};
use crate::system::{Method, Slot};

/// Only where nothing demands that what is booted be proved: what was verified is what is booted only if the purgatory has checked it.
///
/// # Errors
/// `check-required`: the running kernel or the policy demands it.
pub(super) fn may_be_left_out(
    request: &Request,
    method: Method,
    machine: &Machine,
    policy: &Policy,
) -> Result<(), Finding> {
    if method == Method::File || !request.segments.on_damage.unchecked {
        return Ok(());
    }
    let demanded = |seen: String| Err(Finding::new(Reason::CheckRequired, seen));
    let enforcement = enforcement(machine);
    if enforcement.may_enforce() {
        return demanded(format!("signatures of kernels are {enforcement}"));
    }
    if !policy.require.value.is_empty() {
        return demanded(format!("{} sets require", policy.require.origin));
    }
    if policy.insecure_unsigned.value == WaiverOption::Forbidden {
        return demanded(format!("{} sets insecure-unsigned", policy.insecure_unsigned.origin));
    }
    Ok(())
}

/// The last `elfcorehdr=` counts (kernel/crash_dump.c, `setup_elfcorehdr`), and by either method the right one stands in front.
///
/// # Errors
/// `elfcorehdr-given`: the command line of a crash kernel has one of its own.
pub(super) fn names_no_headers(authorized: &Authorized, request: &Request) -> Result<(), Finding> {
    match authorized.cmdline().values("elfcorehdr").next() {
        Some(given) if request.slot == Slot::Panic => {
            Err(Finding::new(Reason::CrashHeaders, format!("elfcorehdr={given}")))
        }
        _ => Ok(()),
    }
}

/// With this the crash kernel leaves memory alone that ACPI names and its memory map does not have (drivers/acpi/acpi_memhotplug.c).
const LEAVES_MEMORY: &str = "acpi_no_memhotplug";

/// The crash kernel would make memory of its own of what was plugged in: the kernel does not read it for the dump then.
pub(super) fn may_take_memory(authorized: &Authorized, machine: &Machine) -> Option<Warning> {
    let caution = Caution::CrashTakesMemory;
    let takes = machine.memory.pluggable && !authorized.cmdline().has(LEAVES_MEMORY);
    takes.then(|| Warning::new(caution, format!("{}: its command line has no {LEAVES_MEMORY}", caution.means())))
}
