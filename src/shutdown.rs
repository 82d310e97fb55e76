//! Leaving the running system: by its init system, or by hand.

mod hooks;
pub(crate) mod logind;
mod mounts;
mod program;
mod when;

pub(crate) use when::{When, on_the_clock};

use crate::sources::Root;
use std::io;

/// Asks systemd for a clean shutdown that ends in the loaded kernel. The unit is started instead of `systemctl kexec`,
/// which would load a kernel of its own, unverified, if ours were gone by then.
///
/// # Errors
/// That systemctl cannot be started, or its error message.
pub(crate) fn ask_systemd(root: &Root) -> io::Result<()> {
    let words = ["start", "--no-block", "--job-mode=replace-irreversibly", "kexec.target"];
    program::run(root, "systemctl", &words).map(drop)
}

/// Has systemd arm the watchdog, which it owns, when it has stopped everything and is about to jump; returns what it says then.
///
/// # Errors
/// That busctl cannot be started, its error message, or that the property has another value afterwards.
pub(crate) fn arm_by_systemd(root: &Root, seconds: u32) -> io::Result<String> {
    let wanted = u64::from(seconds).saturating_mul(1_000_000).to_string();
    busctl(root, "set-property", &["t", &wanted])?;
    let set = busctl(root, "get-property", &[])?;
    if set.trim() == format!("t {wanted}") {
        return Ok(format!("systemd sets it to {seconds} s before it jumps (KExecWatchdogSec=)"));
    }
    Err(io::Error::other(format!("KExecWatchdogUSec is {}, not {wanted}", set.trim())))
}

/// Calls busctl about the property by which systemd knows the seconds.
fn busctl(root: &Root, verb: &str, value: &[&str]) -> io::Result<String> {
    const PROPERTY: [&str; 4] = [
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "KExecWatchdogUSec",
    ];
    program::run(root, "busctl", &[[verb].as_slice(), &PROPERTY, value].concat())
}

/// Makes the running system ready for a jump: runs the hooks, syncs, and remounts file systems read-only. A failure is
/// reported and does not stop the jump: a machine that waits instead would be out of service as well.
pub(crate) fn prepare_jump(root: &Root, warn: &mut dyn FnMut(String)) {
    hooks::run(root, warn);
    nix::unistd::sync();
    mounts::make_read_only(root, warn);
    nix::unistd::sync();
}
