//! The facts of a machine in one word each, for scripts, and in a few, for people.

use crate::machine::surroundings::Init;
use crate::machine::{Enforcement, Ima, LoadPin, Machine, SecureBoot};
use crate::sources::secure_boot::Firmware;

/// For people.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) enforcement: String,
    pub(super) secure_boot: &'static str,
    pub(super) init: String,
    pub(super) ima: String,
}

impl Words {
    pub(super) fn of(machine: &Machine) -> Self {
        Self {
            enforcement: crate::machine::enforcement(machine).to_string(),
            secure_boot: match secure_boot(machine.secure_boot) {
                "absent" => "absent (no EFI)",
                "setup-mode" => "off (setup mode)",
                "unknown" => "unknown (is efivarfs mounted?)",
                word => word,
            },
            init: match &machine.surroundings.init {
                Init::Systemd => "systemd: skexec exec stops the services first".into(),
                _ if machine.surroundings.initramfs => "an initramfs: skexec exec jumps at once".into(),
                Init::Other(name) => format!("{name}: skexec exec needs --force"),
                Init::Unknown => "unknown: skexec exec needs --force".into(),
            },
            ima: match &machine.ima {
                Ima::Appraises(source) => format!("appraises kernels (by {source})"),
                Ima::Absent(source) => format!("does not appraise kernels ({source})"),
                Ima::NotSeen => "is not known to appraise kernels".into(),
            },
        }
    }
}

pub(super) const fn enforcement(state: Enforcement) -> &'static str {
    match state {
        Enforcement::Forced => "forced",
        Enforcement::SecureBoot => "secure-boot",
        Enforcement::Lockdown(_) => "lockdown",
        Enforcement::Off => "off",
        Enforcement::Unknown(_) => "unknown",
    }
}

pub(super) fn secure_boot(state: SecureBoot) -> &'static str {
    match (state.for_kernel(), state.firmware) {
        (Some(true), _) => "on",
        (_, Firmware::NotEfi) => "absent",
        (_, Firmware::SetupMode) => "setup-mode",
        (Some(false), _) => "off",
        (None, _) => "unknown",
    }
}

pub(super) const fn init(machine: &Machine) -> &'static str {
    match &machine.surroundings.init {
        Init::Systemd => "systemd",
        _ if machine.surroundings.initramfs => "initramfs",
        Init::Other(_) => "other",
        Init::Unknown => "unknown",
    }
}

pub(super) const fn ima(state: &Ima) -> &'static str {
    match state {
        Ima::Appraises(_) => "appraises",
        Ima::Absent(_) => "absent",
        Ima::NotSeen => "not-seen",
    }
}

pub(super) const fn load_pin(state: LoadPin) -> &'static str {
    match state {
        LoadPin::Absent => "absent",
        LoadPin::Reporting => "reports",
        LoadPin::Enforcing => "enforces",
        LoadPin::Unknown => "unknown",
    }
}
