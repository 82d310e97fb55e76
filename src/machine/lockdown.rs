//! Lockdown of the running kernel (kernel_lockdown(7)).

use crate::sources::Root;

/// How far the running kernel is locked down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lockdown {
    /// The kernel has no lockdown.
    Absent,
    /// Lockdown is off.
    None,
    /// `integrity`: userspace cannot change the running kernel, so images for kexec must be signed.
    Integrity,
    /// `confidentiality`: userspace cannot read the kernel's memory either.
    Confidentiality,
    /// Unknown; securityfs may not be mounted.
    Unknown,
}

impl Lockdown {
    /// The state of the running kernel.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        match root.text("/sys/kernel/security/lockdown") {
            Some(text) => Self::parse(&text),
            // Every securityfs has `lsm`. If `lsm` is there and `lockdown` is not, the kernel has no lockdown.
            None if root.has("/sys/kernel/security/lsm") && !root.has("/sys/kernel/security/lockdown") => Self::Absent,
            None => Self::Unknown,
        }
    }

    /// Reads `none [integrity] confidentiality`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let chosen = text.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
        match chosen {
            Some("none") => Self::None,
            Some("integrity") => Self::Integrity,
            Some("confidentiality") => Self::Confidentiality,
            _ => Self::Unknown,
        }
    }

    /// The kernel's name for the level.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::None => "none",
            Self::Integrity => "integrity",
            Self::Confidentiality => "confidentiality",
            Self::Unknown => "unknown",
        }
    }

    /// Whether images for kexec must be signed.
    #[must_use]
    pub const fn restricts(self) -> bool {
        matches!(self, Self::Integrity | Self::Confidentiality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_bracketed_word_counts() {
        let table = [
            ("[none] integrity confidentiality", Lockdown::None),
            ("none [integrity] confidentiality", Lockdown::Integrity),
            ("none integrity [confidentiality]", Lockdown::Confidentiality),
            ("none integrity confidentiality", Lockdown::Unknown),
            ("[other]", Lockdown::Unknown),
            ("", Lockdown::Unknown),
        ];
        for (text, wanted) in table {
            assert_eq!(Lockdown::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn without_securityfs_it_is_unknown() {
        let tree = Tree::new();
        assert_eq!(Lockdown::read(tree.root()), Lockdown::Unknown);
        tree.write("/sys/kernel/security/lsm", "capability");
        assert_eq!(Lockdown::read(tree.root()), Lockdown::Absent);
        tree.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        assert_eq!(Lockdown::read(tree.root()), Lockdown::Integrity);
    }
}
