//! What a kernel sees of its machine, besides the facts that the agent tells.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use vm_protocol::facts::Facts;

use crate::checks::Checks;
use crate::guest::Guest;
use crate::scenarios::plugs;
use crate::scenarios::segments::words;

const COUNT: &str = "echo processors $(grep -c ^processor /proc/cpuinfo); \
                     echo nodes $(ls -d /sys/devices/system/node/node[0-9]* | wc -l); \
                     echo huge $(sed -n 's/^HugePages_Total: *//p' /proc/meminfo); \
                     echo kib $(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo); \
                     echo ssse3 $(grep -m 1 ^flags /proc/cpuinfo | grep -c -w ssse3)";
const RAM: &str = "System RAM";
/// The kernels differ in size, and so does what they need for themselves.
const MOST_KIB_KEPT: u64 = 48 << 10;
/// UEFI's tables and the first kernel's own reservations.
const MOST_KEPT: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct View {
    pub(super) facts: Facts,
    counts: BTreeMap<String, u64>,
    map: Vec<(u64, u64, String)>,
}

impl View {
    /// Turns on what was plugged in, and looks.
    pub(super) fn of(guest: &mut Guest) -> Result<Self> {
        plugs::turn_on(guest)?;
        let counted = guest.run(COUNT)?;
        let map = guest.run("cat /proc/iomem")?;
        ensure!(counted.exit == Some(0) && map.exit == Some(0), "{counted:?} {map:?}");
        let pair = |line: &str| Some((line.split_once(' ')?.0.to_owned(), line.split_once(' ')?.1.parse().ok()?));
        let counts = counted.stdout.lines().filter_map(pair).collect();
        Ok(Self { facts: guest.facts()?, counts, map: map.stdout.lines().filter_map(words::resource).collect() })
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.counts.get(name).copied()
    }

    /// The bytes of persistent memory.
    pub(super) fn persistent(&self) -> u64 {
        self.map
            .iter()
            .filter(|(.., name)| name.starts_with("Persistent Memory"))
            .map(|(start, end, _)| end - start)
            .sum()
    }

    /// The bytes of RAM that the kernel has in a range.
    pub(super) fn ram_within(&self, start: u64, end: u64) -> u64 {
        self.ram().map(|(from, to)| to.min(end).saturating_sub(from.max(start))).sum()
    }

    fn ram(&self) -> impl Iterator<Item = (u64, u64)> {
        self.map.iter().filter(|(.., name)| name == RAM).map(|(start, end, _)| (*start, *end))
    }

    /// The bytes of RAM that this kernel has and the other one has not.
    fn more_ram_than(&self, other: &Self) -> u64 {
        self.ram().map(|(start, end)| (end - start) - other.ram_within(start, end)).sum()
    }

    /// Nothing of what the first kernel saw is lost, but for so many bytes of RAM.
    pub(super) fn has_what(&self, before: &Self, most_lost: u64, checks: &mut Checks) {
        for what in ["nodes", "huge", "ssse3"] {
            let name = format!("it counts as many as the first kernel: {what}");
            checks.equal(&name, &self.number(what), &before.number(what));
        }
        checks.equal("it has the same persistent memory", &self.persistent(), &before.persistent());
        let (lost, won) = (before.more_ram_than(self), self.more_ram_than(before));
        checks.holds(
            "it uses all memory that the first one uses, and no other",
            lost.max(won) <= MOST_KEPT + most_lost,
            &(lost, won),
        );
        let kib = (self.number("kib").unwrap_or(0), before.number("kib").unwrap_or(0));
        checks.holds(
            "it has as much memory free for use",
            kib.0.abs_diff(kib.1) <= MOST_KIB_KEPT + (most_lost >> 10),
            &kib,
        );
    }
}
