//! Which advice fits this machine.

use super::{SecureBoot, Surroundings};
use crate::reason::Site;
use crate::sources::Root;

/// What of this machine decides which advice fits it.
#[must_use]
pub fn site(root: &Root) -> Site {
    let Surroundings { initramfs, container, .. } = Surroundings::read(root);
    Site { uefi: SecureBoot::read(root).is_efi(), initramfs, container: container.is_some() }
}
