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
/// That systemctl cannot be started, or what it says.
pub fn ask_systemd() -> io::Result<()> {
    let output = Command::new("systemctl")
        .args(["start", "--no-block", "--job-mode=replace-irreversibly", "kexec.target"])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("systemctl start kexec.target: {}", text.trim())))
}

/// Makes the running system ready for a jump: hooks, sync, file systems read-only. What fails is told and does not
/// stop it: a machine that was told to jump and waits instead is lost, too.
pub fn prepare_jump(root: &Root, warn: &mut dyn FnMut(String)) {
    hooks::run(root, warn);
    nix::unistd::sync();
    mounts::make_read_only(root, warn);
    nix::unistd::sync();
}
