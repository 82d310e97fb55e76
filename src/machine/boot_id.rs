//! The running kernel's boot ID.

use crate::sources::Root;

/// The running kernel's boot ID, which is a new one after every boot (random(4)).
#[must_use]
pub(crate) fn boot_id(root: &Root) -> Option<String> {
    root.text("/proc/sys/kernel/random/boot_id")
}
