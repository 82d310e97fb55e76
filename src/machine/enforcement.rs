//! Whether the running kernel enforces signatures in `kexec_file_load`.
//!
//! The kernel checks every image, but ignores the result unless one of three conditions holds
//! (kernel/kexec_file.c, `kimage_validate_signature`). No interface shows these conditions; all three can be inferred.

use super::{Lockdown, Machine};
use std::fmt;

/// Whether a bad signature keeps an image out of the running kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// Yes: the kernel was built with CONFIG_KEXEC_SIG_FORCE.
    Forced,
    /// Yes: IMA's arch policy turned enforcement on, under Secure Boot.
    SecureBoot,
    /// Yes, by lockdown alone: the kernel then answers every fault of a signature with EPERM.
    Lockdown(Lockdown),
    /// No: the kernel loads unsigned and damaged images.
    Off,
    /// Unknown; the text says which fact is missing.
    Unknown(&'static str),
}

impl Enforcement {
    /// Whether enforcement must be assumed: [`Enforcement::Unknown`] counts as yes.
    #[must_use]
    pub const fn may_enforce(self) -> bool {
        !matches!(self, Self::Off)
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forced => f.write_str("enforced: CONFIG_KEXEC_SIG_FORCE"),
            Self::SecureBoot => f.write_str("enforced: Secure Boot with CONFIG_IMA_ARCH_POLICY"),
            Self::Lockdown(level) => write!(f, "enforced: lockdown ({})", level.name()),
            Self::Off => f.write_str("not enforced"),
            Self::Unknown(missing) => write!(f, "unknown: {missing}"),
        }
    }
}

/// Infers the enforcement on this machine. CONFIG_KEXEC_SIG_FORCE and the arch policy take precedence over lockdown, because
/// with either of them the kernel answers with the errno of the fault itself.
#[must_use]
pub fn enforcement(machine: &Machine) -> Enforcement {
    let has = |option| machine.config.has(option);
    judge(&Facts {
        forced: has("KEXEC_SIG_FORCE"),
        // IMA's arch policy can turn enforcement on only in a kernel with CONFIG_KEXEC_SIG.
        arch_policy: both(has("IMA_ARCH_POLICY"), has("KEXEC_SIG")),
        secure_boot: machine.secure_boot.for_kernel(),
        lockdown: machine.lockdown,
    })
}

#[derive(Debug, Clone, Copy)]
struct Facts {
    forced: Option<bool>,
    arch_policy: Option<bool>,
    secure_boot: Option<bool>,
    lockdown: Lockdown,
}

fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn judge(facts: &Facts) -> Enforcement {
    if facts.forced == Some(true) {
        return Enforcement::Forced;
    }
    let secure_boot = both(facts.arch_policy, facts.secure_boot);
    if secure_boot == Some(true) {
        return Enforcement::SecureBoot;
    }
    if facts.lockdown.restricts() {
        return Enforcement::Lockdown(facts.lockdown);
    }
    match facts {
        Facts { lockdown: Lockdown::Unknown, .. } => Enforcement::Unknown("lockdown (is securityfs mounted?)"),
        Facts { forced: None, .. } => Enforcement::Unknown("the kernel's configuration"),
        _ if secure_boot.is_none() => Enforcement::Unknown("whether Secure Boot is on (is efivarfs mounted?)"),
        _ => Enforcement::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_enforce() {
        let yes = Some(true);
        let no = Some(false);
        let table = [
            (yes, no, no, Lockdown::None, "enforced: CONFIG_KEXEC_SIG_FORCE"),
            (no, yes, yes, Lockdown::Integrity, "enforced: Secure Boot with CONFIG_IMA_ARCH_POLICY"),
            (no, yes, no, Lockdown::Integrity, "enforced: lockdown (integrity)"),
            (None, None, None, Lockdown::Confidentiality, "enforced: lockdown (confidentiality)"),
            (no, yes, no, Lockdown::None, "not enforced"),
            (no, no, yes, Lockdown::Absent, "not enforced"),
            (no, no, None, Lockdown::Absent, "not enforced"),
            (None, None, no, Lockdown::None, "unknown: the kernel's configuration"),
            (no, yes, None, Lockdown::None, "unknown: whether Secure Boot is on (is efivarfs mounted?)"),
            (no, yes, no, Lockdown::Unknown, "unknown: lockdown (is securityfs mounted?)"),
        ];
        for (forced, arch_policy, secure_boot, lockdown, wanted) in table {
            let facts = Facts { forced, arch_policy, secure_boot, lockdown };
            assert_eq!(judge(&facts).to_string(), wanted, "{facts:?}");
        }
        assert!(Enforcement::Unknown("x").may_enforce() && !Enforcement::Off.may_enforce());
    }
}
