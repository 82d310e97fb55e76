//! Which advice fits this machine.

use super::{Privilege, SecureBoot, Surroundings};
use crate::reason::Site;
use crate::sources::Root;

/// What of this machine decides which advice fits it.
#[must_use]
pub fn site(root: &Root) -> Site {
    let Surroundings { initramfs, container, initial_pid_namespace, .. } = Surroundings::read(root);
    // A container may leave no other sign than its namespaces.
    let namespaces = [initial_pid_namespace, Privilege::read(root).initial_user_namespace];
    let container = container.is_some() || namespaces.contains(&Some(false));
    Site { uefi: SecureBoot::read(root).is_efi(), initramfs, container }
}
