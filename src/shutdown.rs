//! Leaving the running system: by its init system, or by hand.

mod hooks;
mod mounts;

use crate::sources::Root;
use std::io;
use std::process::Command;

/// Asks systemd for a clean shutdown that ends in the loaded kernel. The unit is started instead of `systemctl kexec`,
/// which would load a kernel of its own, unverified, if ours were gone by then.
///
/// # Errors
/// That systemctl cannot be started, or its error message.
pub(crate) fn ask_systemd() -> io::Result<()> {
    let output = Command::new("systemctl")
        .args(["start", "--no-block", "--job-mode=replace-irreversibly", "kexec.target"])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("systemctl start kexec.target: {}", text.trim())))
}

/// Makes the running system ready for a jump: runs the hooks, syncs, and remounts file systems read-only. A failure is
/// reported and does not stop the jump: a machine that waits instead would be out of service as well.
pub(crate) fn prepare_jump(root: &Root, warn: &mut dyn FnMut(String)) {
    hooks::run(root, warn);
    nix::unistd::sync();
    mounts::make_read_only(root, warn);
    nix::unistd::sync();
}
