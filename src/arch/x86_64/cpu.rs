//! The flags of the processor that a kernel started by kexec depends on.

use crate::sources::Root;
use crate::sys::cpuid;
use std::path::Path;

/// Bytes of /proc/cpuinfo that are read: more than the first processor's lines take. The whole file has megabytes on a machine
/// with a thousand processors.
const FIRST_PROCESSOR: u64 = 64 << 10;

/// Flags of the first processor that is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Whether five-level page tables are in use. The kernel clears `la57` in /proc/cpuinfo where it runs with four levels.
    /// `None` where the file cannot be read.
    pub la57: Option<bool>,
    /// Whether the processor has five-level page tables, in use or not.
    pub can_la57: bool,
    /// Whether SHA-256 can be computed with SHA-NI, whose code needs `sha_ni`, `ssse3` and `sse4_1`. `None` where the file
    /// cannot be read.
    pub sha_ni: Option<bool>,
}

impl Cpu {
    /// The processor of this machine.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let own = flags(root).map(|flags| Self::of(&flags)).unwrap_or_default();
        // A test reads its own root; the processor that the test runs on must not count.
        Self { can_la57: own.can_la57 || root.0 == Path::new("/") && has_la57(), ..own }
    }

    fn of(flags: &Flags) -> Self {
        Self {
            la57: Some(flags.has("la57")),
            can_la57: flags.has("la57"),
            sha_ni: Some(["sha_ni", "ssse3", "sse4_1"].iter().all(|flag| flags.has(flag))),
        }
    }
}

/// CPUID leaf 7, ECX bit 16. The decompressor of a kernel asks there, too (arch/x86/boot/compressed/pgtable_64.c).
fn has_la57() -> bool {
    cpuid(7).is_some_and(|leaf| leaf.ecx & 1 << 16 != 0)
}

/// The line `flags` of the first processor in /proc/cpuinfo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flags(String);

impl Flags {
    pub(super) fn has(&self, wanted: &str) -> bool {
        self.0.split_whitespace().any(|flag| flag == wanted)
    }

    fn parse(cpuinfo: &str) -> Option<Self> {
        let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim() == "flags").map(|(_, flags)| Self(flags.to_owned()))
    }
}

/// `None` where /proc/cpuinfo cannot be read or has no such line.
pub(super) fn flags(root: &Root) -> Option<Flags> {
    root.head("/proc/cpuinfo", FIRST_PROCESSOR).and_then(|text| Flags::parse(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_a_whole_word() {
        let table = [
            ("processor\t: 0\nflags\t\t: fpu la57 sse\nbugs\t\t: la57\n", Some(true)),
            ("flags\t\t: fpu xla57 la570\n", Some(false)),
            ("vmx flags\t: la57\nflags\t\t: fpu\n", Some(false)),
            ("Features\t: fp asimd\n", None),
        ];
        for (text, wanted) in table {
            assert_eq!(Flags::parse(text).and_then(|flags| Cpu::of(&flags).la57), wanted, "{text}");
        }
    }

    #[test]
    fn sha_ni_needs_three() {
        let table = [
            ("flags : ssse3 sse4_1 sha_ni", true),
            ("flags : sse4_1 sha_ni", false),
            ("flags : ssse3 sha_ni sse4_2", false),
            ("flags : ssse3 sse4_1\n\nflags : ssse3 sse4_1 sha_ni", false),
        ];
        for (text, wanted) in table {
            assert_eq!(Cpu::of(&Flags::parse(text).unwrap()).sha_ni, Some(wanted), "{text}");
        }
        let tree = crate::sources::testing::Tree::new();
        assert_eq!(Cpu::read(tree.root()), Cpu::default());
    }
}
