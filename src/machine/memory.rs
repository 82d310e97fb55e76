//! Physical memory: its size, as the kernel counts it when it limits kexec, and its memory map.

mod firmware_map;
mod iomem;
mod map;

pub use map::MemoryMap;

use crate::memory::{PAGE, PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use std::fs;

/// Physical memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// `MemTotal`, in bytes: the kernel's `totalram_pages`, without the memory that it reserves for itself.
    pub total: Option<u64>,
    /// `MemAvailable`, in bytes: what programs can take before the kernel has to swap.
    pub available: Option<u64>,
    /// `SwapFree`, in bytes: what programs can be moved to.
    pub swap: Option<u64>,
    /// The memory map.
    pub map: Result<MemoryMap, MapProblem>,
    /// ACPI names memory that may be plugged in, now or later (PNP0C80: ACPI 6.5, 9.11).
    pub pluggable: bool,
}

const ACPI_DEVICES: &str = "/sys/bus/acpi/devices";
const ACPI_MEMORY: &str = "PNP0C80:";

/// Why the memory map is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapProblem {
    /// Every address in /proc/iomem is zero: only a process with `CAP_SYS_ADMIN` sees the addresses.
    Hidden,
    /// /proc/iomem or /sys/firmware/memmap cannot be read or parsed.
    Unreadable,
}

impl From<MapProblem> for Finding {
    fn from(problem: MapProblem) -> Self {
        let seen = match problem {
            MapProblem::Hidden => "every address in /proc/iomem is zero for this process",
            MapProblem::Unreadable => "/proc/iomem or /sys/firmware/memmap",
        };
        Self::new(Reason::MemoryMap, seen)
    }
}

impl Memory {
    /// Reads the memory of this machine.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let text = root.text("/proc/meminfo").unwrap_or_default();
        let (total, available) = (parse(&text, "MemTotal:"), parse(&text, "MemAvailable:"));
        let (swap, map) = (parse(&text, "SwapFree:"), MemoryMap::read(root));
        Self { total, available, swap, map, pluggable: is_pluggable(root) }
    }

    /// The bytes that can be had at most, when all programs that can be are swapped out. Beyond that the kernel kills one.
    #[must_use]
    pub fn to_be_had(&self) -> Option<u64> {
        self.available.map(|available| available.saturating_add(self.swap.unwrap_or(0)))
    }

    /// The bytes that all segments may load together: half of the pages, rounded down
    /// (kernel/kexec_core.c, `sanity_check_segment_list`).
    #[must_use]
    pub fn kexec_limit(&self) -> Option<u64> {
        self.total.map(|total| total / PAGE / 2 * PAGE)
    }
}

fn is_pluggable(root: &Root) -> bool {
    let devices = fs::read_dir(root.path(ACPI_DEVICES)).into_iter().flatten().flatten();
    devices.map(|device| device.file_name()).any(|name| name.as_encoded_bytes().starts_with(ACPI_MEMORY.as_bytes()))
}

/// The value of a line, in bytes.
fn parse(meminfo: &str, name: &str) -> Option<u64> {
    let rest = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// A range from its first to its last address; 2^64 - 1 is left out, so that the end can be represented.
fn closed(first: u64, last: u64) -> Option<PhysRange> {
    let end = if first > last { None } else { Some(last.saturating_add(1)) };
    PhysRange::new(PhysAddr::new(first), PhysAddr::new(end?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

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
            let memory = Memory {
                total: parse(text, "MemTotal:"),
                available: None,
                swap: None,
                map: Err(MapProblem::Unreadable),
                pluggable: false,
            };
            assert_eq!((memory.total, memory.kexec_limit()), (total, limit), "{text}");
        }
    }

    #[test]
    fn memory_that_may_be_plugged_in_is_seen() {
        let tree = Tree::new();
        tree.write("/sys/bus/acpi/devices/PNP0C02:00/hid", "PNP0C02\n");
        assert!(!Memory::read(tree.root()).pluggable);
        tree.write("/sys/bus/acpi/devices/PNP0C80:01/hid", "PNP0C80\n");
        assert!(Memory::read(tree.root()).pluggable);
    }

    #[test]
    fn the_last_address_is_part_of_it() {
        assert_eq!(closed(0, 0xfff).unwrap().len(), 0x1000);
        assert_eq!(closed(5, 5).unwrap().len(), 1);
        assert_eq!(closed(6, 5), None);
        assert_eq!(closed(0, u64::MAX).unwrap().len(), u64::MAX);
        assert_eq!(closed(u64::MAX, u64::MAX), None);
    }
}
