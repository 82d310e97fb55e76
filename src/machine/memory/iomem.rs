//! /proc/iomem: a tree of resources by indentation, each with its first and its last address
//! (kernel/resource.c, `r_show`).

use super::MapProblem;
use crate::memory::{MemoryEntry, MemoryType, PhysAddr, PhysRange, RangeSet};

/// How deep the kernel indents (`MAX_IORES_LEVEL`).
const DEEPEST: usize = 5;

/// Parts of the running kernel in RAM that segments may overwrite: the segments are copied when the running kernel has stopped.
const OF_THE_OLD_KERNEL: [&str; 4] = ["Kernel code", "Kernel rodata", "Kernel data", "Kernel bss"];

const RAM: &str = "System RAM";
/// Before the name of the driver that added memory: `System RAM (kmem)`.
const RAM_OF_A_DRIVER: &str = "System RAM (";
/// What `crashkernel=` reserved (`crashk_res` and `crashk_low_res`).
const CRASH: &str = "Crash kernel";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resource<'a> {
    depth: usize,
    range: PhysRange,
    name: &'a str,
}

/// How the running kernel uses the physical addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Iomem {
    /// `System RAM` without nested claims: crash kernel, reservations, memory that a driver added.
    pub(super) free: RangeSet,
    /// All resources whose name is a type of the memory map.
    pub(super) typed: Vec<MemoryEntry>,
    /// All RAM that the running kernel has, whatever is nested in it.
    pub(super) ram: RangeSet,
    /// What is reserved for a crash kernel, in ascending order.
    pub(super) crash: Vec<PhysRange>,
}

impl Iomem {
    /// Parses the text. A line that cannot be parsed might be a reservation, so that one such line makes the whole text useless.
    pub(super) fn parse(text: &str) -> Result<Self, MapProblem> {
        let lines: Option<Vec<_>> = text.lines().filter(|line| !line.trim().is_empty()).map(resource).collect();
        let resources = lines.filter(|lines| !lines.is_empty()).ok_or(MapProblem::Unreadable)?;
        // Without CAP_SYS_ADMIN every address reads as zero.
        let zero = PhysRange::of_length(PhysAddr::new(0), 1);
        if resources.iter().all(|resource| Some(resource.range) == zero) {
            return Err(MapProblem::Hidden);
        }
        let typed = |resource: &Resource<'_>| {
            MemoryType::of_name(resource.name).map(|kind| MemoryEntry { range: resource.range, kind })
        };
        let named = |wanted: fn(&str) -> bool| {
            resources.iter().filter(move |resource| wanted(resource.name)).map(|resource| resource.range)
        };
        Ok(Self {
            free: free(&resources),
            typed: resources.iter().filter_map(typed).collect(),
            ram: named(|name| name == RAM || name.starts_with(RAM_OF_A_DRIVER)).collect(),
            crash: named(|name| name == CRASH).collect(),
        })
    }
}

/// `System RAM` without the ranges that are nested in it.
fn free(resources: &[Resource<'_>]) -> RangeSet {
    let (mut ram, mut claimed) = (Vec::new(), Vec::new());
    let mut within: Vec<(usize, &str)> = Vec::new();
    for resource in resources {
        within.retain(|(depth, _)| *depth < resource.depth);
        let in_ram = within.iter().any(|(_, name)| *name == RAM);
        match resource.name {
            RAM => ram.push(resource.range),
            name if OF_THE_OLD_KERNEL.contains(&name) => {}
            // This also holds for a range around RAM, if the range is itself a type of memory.
            name if in_ram || MemoryType::of_name(name).is_some() => claimed.push(resource.range),
            _ => {}
        }
        within.push((resource.depth, resource.name));
    }
    ram.into_iter().collect::<RangeSet>().difference(&claimed.into_iter().collect())
}

/// `  01000000-02276507 : Kernel code`; the last address belongs to it.
fn resource(line: &str) -> Option<Resource<'_>> {
    let text = line.trim_start_matches(' ');
    let depth = line.len().checked_sub(text.len())? / 2;
    let (addresses, name) = text.split_once(" : ")?;
    let (first, last) = addresses.split_once('-')?;
    let range = super::closed(hex(first)?, hex(last)?)?;
    (depth <= DEEPEST).then_some(Resource { depth, range, name })
}

fn hex(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> RangeSet {
        ranges.iter().filter_map(|(start, end)| PhysRange::new(PhysAddr::new(*start), PhysAddr::new(*end))).collect()
    }

    #[test]
    fn what_is_nested_is_not_free() {
        let rows: &[(&str, &[(u64, u64)])] = &[
            ("1000-1fff : System RAM", &[(0x1000, 0x2000)]),
            ("1000-1fff : System RAM\n  1100-11ff : Kernel code\n  1200-12ff : Kernel bss", &[(0x1000, 0x2000)]),
            ("1000-1fff : System RAM\n  1100-11ff : Crash kernel", &[(0x1000, 0x1100), (0x1200, 0x2000)]),
            ("1000-1fff : System RAM\n  1100-11ff : Reserved", &[(0x1000, 0x1100), (0x1200, 0x2000)]),
            ("1000-1fff : System RAM\n  1100-11ff : Kernel gossip", &[(0x1000, 0x1100), (0x1200, 0x2000)]),
            // Memory that a driver added; a setup_data node splits RAM into two adjacent ranges.
            ("1000-1fff : Soft Reserved\n  1000-1fff : dax0.0\n    1000-1fff : System RAM (kmem)", &[]),
            ("1000-1fff : System RAM (virtio_mem)", &[]),
            ("1000-1017 : System RAM\n1018-1fff : System RAM", &[(0x1000, 0x2000)]),
            // RAM within a bus window is usable; RAM within persistent memory is not.
            ("1000-2fff : CXL Window 0\n  1000-1fff : System RAM", &[(0x1000, 0x2000)]),
            ("1000-2fff : Persistent Memory\n  1000-1fff : System RAM", &[]),
            // A later resource at the outer level is not nested.
            (
                "1000-1fff : System RAM\n  1000-10ff : Kernel code\n2000-2fff : x\n3000-3fff : System RAM",
                &[(0x1000, 0x2000), (0x3000, 0x4000)],
            ),
        ];
        for (text, wanted) in rows {
            assert_eq!(Iomem::parse(text).unwrap().free, set(wanted), "{text}");
        }
    }

    #[test]
    fn the_reservations_for_a_crash_kernel_are_ram() {
        let text = "1000-1fff : System RAM\n  1800-1fff : Crash kernel\n4000-6fff : System RAM\n  4000-4fff : Reserved\n  \
                    6000-6fff : Crash kernel\n8000-8fff : Soft Reserved\n  8000-8fff : System RAM (kmem)\n";
        let iomem = Iomem::parse(text).unwrap();
        assert_eq!(iomem.ram, set(&[(0x1000, 0x2000), (0x4000, 0x7000), (0x8000, 0x9000)]));
        assert_eq!(iomem.crash.into_iter().collect::<RangeSet>(), set(&[(0x1800, 0x2000), (0x6000, 0x7000)]));
    }

    #[test]
    fn zeros_are_no_addresses() {
        let hidden =
            "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n";
        assert_eq!(Iomem::parse(hidden), Err(MapProblem::Hidden));
        assert!(Iomem::parse("00000000-00000000 : Reserved\n00001000-0009fbff : System RAM\n").is_ok());
    }

    #[test]
    fn a_line_not_understood_spoils_it() {
        let rows = [
            "",
            "\n",
            "1000-1fff",
            "1000 : System RAM",
            "2000-1fff : System RAM",
            "+1000-1fff : System RAM",
            "-1fff : System RAM",
            "11111111111111111-22222222222222222 : System RAM",
            "              1000-1fff : too deep",
            "1000-1fff : System RAM\nwhat?",
        ];
        for text in rows {
            assert_eq!(Iomem::parse(text), Err(MapProblem::Unreadable), "{text}");
        }
    }
}
