//! What of the processor matters to a kernel that is started by kexec.

use crate::sources::Root;

/// More than the first processor's lines; a machine with a thousand of them has megabytes.
const FIRST_PROCESSOR: u64 = 64 << 10;

/// Flags of the first processor that is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Five-level page tables are in use: the kernel clears the flag where it runs with four, so that `la57` in
    /// /proc/cpuinfo means in use, not only possible. `None` where it cannot be read.
    pub la57: Option<bool>,
}

impl Cpu {
    /// The processor of this machine.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self { la57: root.head("/proc/cpuinfo", FIRST_PROCESSOR).and_then(|text| parse_la57(&text)) }
    }
}

fn parse_la57(cpuinfo: &str) -> Option<bool> {
    let (_, flags) = cpuinfo.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "flags")?;
    Some(flags.split_whitespace().any(|flag| flag == "la57"))
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
            assert_eq!(parse_la57(text), wanted, "{text}");
        }
    }
}
