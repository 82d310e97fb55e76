//! Facts about this machine and its running kernel, and about what they permit. Facts are read from files; no system call is
//! made as a probe.
//!
//! A fact that cannot be read stays unknown; nothing here refuses. Each file holds one concern: a pure parser and the read that
//! feeds it. The facts about processor and firmware are in `arch::Platform`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub(crate) mod algorithms;
mod boot_id;
pub(crate) mod config;
pub mod crash;
pub(crate) mod enforcement;
pub(crate) mod ima;
pub(crate) mod kexec;
pub(crate) mod keyrings;
pub(crate) mod kho;
pub(crate) mod load_pin;
mod loader;
pub(crate) mod lockdown;
pub(crate) mod mark;
pub mod memory;
pub(crate) mod privilege;
pub(crate) mod release;
mod site;
mod started;
pub(crate) mod surroundings;

pub use crate::sources::SecureBoot;
pub use algorithms::{Algorithms, Support};
pub(crate) use boot_id::boot_id;
pub use config::Config;
pub use crash::CrashFacts;
pub use enforcement::{Enforcement, enforcement};
pub use ima::Ima;
pub use kexec::Kexec;
pub use keyrings::Keyrings;
pub use kho::Kho;
pub use load_pin::LoadPin;
pub use loader::Loader;
pub use lockdown::Lockdown;
pub use memory::Memory;
pub use privilege::Privilege;
pub use release::Release;
pub use site::site;
pub(crate) use started::started_by_kexec;
pub use surroundings::Surroundings;

use crate::sources::Root;

/// The running kernel and its environment.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The running kernel's release.
    pub release: Release,
    /// How the running kernel was configured, where that can be found.
    pub config: Config,
    /// The privilege of this process.
    pub privilege: Privilege,
    /// Lockdown of the running kernel.
    pub lockdown: Lockdown,
    /// Switches, limits and state of kexec.
    pub kexec: Kexec,
    /// How much memory there is, and where.
    pub memory: Memory,
    /// Signs that the running kernel keeps memory for the next one, if there are any.
    pub kho: Option<Kho>,
    /// UEFI Secure Boot.
    pub secure_boot: SecureBoot,
    /// The cryptographic algorithms of the running kernel.
    pub algorithms: Algorithms,
    /// The keys that the running kernel holds.
    pub keyrings: Keyrings,
    /// Whether kernels must come from one file system.
    pub load_pin: LoadPin,
    /// Whether IMA appraises kernels for kexec.
    pub ima: Ima,
    /// Init system, container, hypervisor.
    pub surroundings: Surroundings,
}

impl Machine {
    /// Reads all of it below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let release = Release::read(root);
        let config = Config::read(root, &release);
        let secure_boot = SecureBoot::read(root);
        Self {
            privilege: Privilege::read(root),
            lockdown: Lockdown::read(root),
            kexec: Kexec::read(root, &config),
            memory: Memory::read(root),
            kho: Kho::read(root, &config),
            algorithms: Algorithms::read(root),
            keyrings: Keyrings::read(root),
            load_pin: LoadPin::read(root, &config),
            ima: Ima::read(root, &config, secure_boot),
            surroundings: Surroundings::read(root),
            release,
            config,
            secure_boot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn an_empty_system_is_unknown_and_no_panic() {
        let tree = Tree::new();
        let machine = Machine::read(tree.root());
        assert_eq!(machine.memory.total, None);
        assert_eq!(machine.kexec.file_load, None);
        assert!(enforcement(&machine).may_enforce());
    }
}
