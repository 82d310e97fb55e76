//! What this process cannot see, and what would show it.

use super::section::{Mark, Row};
use super::slot::SlotStatus;
use super::this_boot::ThisBoot;
use crate::machine::memory::MapProblem;
use crate::machine::{Enforcement, Lockdown, Machine, enforcement};
use serde::Serialize;

/// One fact that is missing.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Unseen {
    #[serde(skip)]
    key: &'static str,
    what: String,
    advice: String,
}

const AS_ROOT: &str = "run skexec status as root";

impl Unseen {
    fn new(key: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { key, what: what.into(), advice: advice.into() }
    }

    pub(super) fn row(&self) -> Row {
        Row::advise(Mark::Notice, self.key, &self.what, &self.advice)
    }
}

pub(super) fn unseen(machine: &Machine, slots: [&SlotStatus; 2], this_boot: &ThisBoot) -> Vec<Unseen> {
    let root = machine.privilege.cap_sys_boot == Some(true);
    let mut unseen = Vec::new();
    if machine.privilege.cap_sys_boot.is_none() {
        let advice = "mount /proc: mount -t proc proc /proc";
        unseen.push(Unseen::new("rights", "whether this process may load a kernel", advice));
    }
    if slots.iter().any(|slot| slot.hidden) {
        unseen.push(Unseen::new("record", "what skexec loaded, by whom and when", AS_ROOT));
    }
    if this_boot.hidden {
        unseen.push(Unseen::new("boot", "who started this boot", AS_ROOT));
    }
    if !root && !machine.keyrings.visible() {
        unseen.push(Unseen::new("keys", "the keys of the running kernel, and its revocations", AS_ROOT));
    }
    if !root && machine.memory.map == Err(MapProblem::Hidden) {
        unseen.push(Unseen::new(
            "memory",
            "which memory is free for segments, and where the crash kernel's is",
            AS_ROOT,
        ));
    }
    unseen.extend(signatures(machine));
    unseen
}

/// What is missing to know whether the running kernel enforces signatures.
fn signatures(machine: &Machine) -> Option<Unseen> {
    let Enforcement::Unknown(missing) = enforcement(machine) else { return None };
    let advice = if machine.lockdown == Lockdown::Unknown {
        "mount -t securityfs securityfs /sys/kernel/security".into()
    } else if machine.config.has("KEXEC_SIG_FORCE").is_none() {
        format!("install /boot/config-{}", machine.release.text)
    } else {
        "mount -t efivarfs efivarfs /sys/firmware/efi/efivars".into()
    };
    Some(Unseen::new("kernel", format!("whether the running kernel requires signatures: {missing}"), advice))
}
