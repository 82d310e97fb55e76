//! How much memory there is, as the kernel counts it when it limits kexec.

use crate::sources::Root;

const PAGE: u64 = 4096;

/// Physical memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// `MemTotal`, in bytes: the kernel's `totalram_pages`, without what it keeps for itself.
    pub total: Option<u64>,
}

impl Memory {
    /// The memory of this machine.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self { total: root.text("/proc/meminfo").and_then(|text| parse_total(&text)) }
    }

    /// What all segments may take together, in bytes: half of the pages, rounded down
    /// (kernel/kexec_core.c, `sanity_check_segment_list`).
    #[must_use]
    pub fn kexec_limit(self) -> Option<u64> {
        self.total.map(|total| total / PAGE / 2 * PAGE)
    }
}

fn parse_total(meminfo: &str) -> Option<u64> {
    let rest = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_pages() {
        let table = [
            ("MemTotal:        2033700 kB\nMemFree: 1 kB\n", Some(2_033_700 * 1024), Some(1_041_252_352)),
            ("MemTotal: 12 kB", Some(12 * 1024), Some(4096)),
            ("MemTotal: 12 MB", None, None),
            ("MemTotal: 99999999999999999999 kB", None, None),
            ("MemTotal: 18446744073709551615 kB", None, None),
            ("", None, None),
        ];
        for (text, total, limit) in table {
            let memory = Memory { total: parse_total(text) };
            assert_eq!((memory.total, memory.kexec_limit()), (total, limit), "{text}");
        }
    }
}
