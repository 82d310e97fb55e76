//! Leaving the running system: by its init system, or by hand.

mod hooks;
pub mod logind;
pub mod mounts;
mod program;
pub(crate) mod systemd;
mod when;

pub(crate) use when::{When, on_the_clock};

use crate::sources::Root;

/// Whether the machine is being shut down; nothing where that is not known. A shutdown that is only scheduled is not.
pub(crate) fn is_under_way(root: &Root) -> Option<bool> {
    // logind first: it waits for programs that asked to be told, and hands the shutdown over to systemd then.
    let waits = if logind::runs(root) { logind::is_about_to(root).ok() } else { Some(false) };
    match (waits, systemd::is_stopping(root)) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Runs the hooks. A failure is reported and does not stop the jump: a machine that waits instead would be out of service as well.
pub(crate) fn run_hooks(root: &Root, warn: &mut dyn FnMut(String)) {
    hooks::run(root, warn);
}

/// Makes the disks ready for a jump: syncs, and remounts file systems read-only. A failure is treated like that of a hook.
pub(crate) fn prepare_jump(root: &Root, warn: &mut dyn FnMut(String)) {
    nix::unistd::sync();
    mounts::make_read_only(root, warn);
    nix::unistd::sync();
}
