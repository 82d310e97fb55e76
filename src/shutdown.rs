//! Leaving the running system: by its init system, or by hand.

mod hooks;
pub(crate) mod logind;
mod mounts;
mod program;
pub(crate) mod systemd;
mod when;

pub(crate) use when::{When, on_the_clock};

use crate::sources::Root;

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
