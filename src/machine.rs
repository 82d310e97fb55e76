//! What this machine and its running kernel are, and what they will let us do: reads only, and no call as a probe.
//!
//! A fact that cannot be read stays unknown; nothing here refuses. Each file holds one concern: a pure parser and the
//! read that feeds it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod algorithms;
pub mod confidential;
pub mod config;
pub mod cpu;
pub mod enforcement;
pub mod handover;
pub mod ima;
pub mod kexec;
pub mod keyrings;
pub mod kho;
pub mod load_pin;
pub mod lockdown;
pub mod memory;
pub mod privilege;
pub mod release;
mod site;
pub mod surroundings;

pub use crate::sources::SecureBoot;
pub use algorithms::{Algorithms, Support};
pub use confidential::Confidential;
pub use config::Config;
pub use cpu::Cpu;
pub use enforcement::{Enforcement, enforcement};
pub use handover::Handover;
pub use ima::Ima;
pub use kexec::Kexec;
pub use keyrings::Keyrings;
pub use kho::Kho;
pub use load_pin::LoadPin;
pub use lockdown::Lockdown;
pub use memory::Memory;
pub use privilege::Privilege;
pub use release::Release;
pub use site::site;
pub use surroundings::Surroundings;

use crate::sources::Root;

/// The running kernel and what is around it.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The running kernel's release.
    pub kernel: Release,
    /// How the running kernel was configured, where that is to be found.
    pub config: Config,
    /// What this process may do.
    pub privilege: Privilege,
    /// Lockdown of the running kernel.
    pub lockdown: Lockdown,
    /// Switches, limits and state of kexec.
    pub kexec: Kexec,
    /// How much memory there is.
    pub memory: Memory,
    /// What of the processor matters to a kernel that is started.
    pub cpu: Cpu,
    /// What the next kernel has to be told of firmware and boot loader.
    pub handover: Handover,
    /// Signs of a guest with encrypted memory, if there are any.
    pub confidential: Option<Confidential>,
    /// Signs that the running kernel keeps memory for the next one, if there are any.
    pub kho: Option<Kho>,
    /// UEFI Secure Boot.
    pub secure_boot: SecureBoot,
    /// What the running kernel can compute.
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
        let kernel = Release::read(root);
        let config = Config::read(root, &kernel);
        let secure_boot = SecureBoot::read(root);
        let handover = Handover::read(root);
        Self {
            privilege: Privilege::read(root),
            lockdown: Lockdown::read(root),
            kexec: Kexec::read(root, &config),
            memory: Memory::read(root),
            cpu: Cpu::read(root),
            confidential: Confidential::read(root, &handover),
            kho: Kho::read(root, &config),
            handover,
            algorithms: Algorithms::read(root),
            keyrings: Keyrings::read(root),
            load_pin: LoadPin::read(root, &config),
            ima: Ima::read(root, &config, secure_boot),
            surroundings: Surroundings::read(root),
            kernel,
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
