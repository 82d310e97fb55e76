//! The facts that decide which advice fits this machine.

use super::{Privilege, SecureBoot, Surroundings};
use crate::reason::Site;
use crate::sources::Root;

/// The facts about this machine that decide which advice is given.
#[must_use]
pub fn site(root: &Root) -> Site {
    let Surroundings { initramfs, container, initial_pid_namespace, .. } = Surroundings::read(root);
    // Its namespaces may be the only sign of a container.
    let namespaces = [initial_pid_namespace, Privilege::read(root).initial_user_namespace];
    let container = container.is_some() || namespaces.contains(&Some(false));
    Site { uefi: SecureBoot::read(root).is_efi(), initramfs, container, kexec_words: false }
}
