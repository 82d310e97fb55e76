//! What is different for a crash kernel: all segments lie in its reservation, it knows of no other memory, and it is given the headers
//! of a dump.

use super::{Options, map};
use crate::arch::{Architecture as _, Backup, Crash, Platform};
use crate::image::cmdline::Cmdline;
use crate::machine::Machine;
use crate::machine::crash::Crash as Facts;
use crate::machine::memory::MemoryMap;
use crate::memory::{MemoryEntry, MemoryType, PAGE, PhysRange, RangeSet, memory_table};
use crate::placement::length;
use crate::reason::{Finding, Reason};
use crate::sys::flags;

/// What a crash kernel is told, and where its segments may lie.
#[derive(Debug)]
pub struct CrashPlan {
    /// The command line, with `elfcorehdr=`.
    pub(super) cmdline: Cmdline,
    /// Its memory map.
    pub(super) map: Vec<MemoryEntry>,
    /// The reservation that the running kernel takes segments for.
    pub(super) room: RangeSet,
    pub(super) given: Crash,
}

impl CrashPlan {
    /// Places the headers and the backup at the end of the reservation: what the command line and the memory map say of them must be
    /// known before the other segments are made.
    ///
    /// # Errors
    /// `no-crashkernel`, `crash-too-small`, `memory-map`.
    pub fn new(cmdline: &Cmdline, facts: &Facts, machine: &Machine, options: &Options) -> Result<Self, Finding> {
        let map = map(machine)?;
        let reserved = *map.reserved.last().ok_or(Reason::NoCrashKernel)?;
        let room: RangeSet = std::iter::once(reserved).collect();
        let given = given(cmdline, facts, map, &room, options)?;
        let at = given.header_at.start().get() >> 10;
        Ok(Self {
            cmdline: cmdline.clone().with(&format!("elfcorehdr={at:#x}K")),
            map: entries(map, &given),
            room,
            given,
        })
    }

    /// The flags of the call.
    #[must_use]
    pub const fn flags(&self) -> u64 {
        if self.given.rewritten { flags::CRASH_SEGMENTS | flags::CRASH_HOTPLUG } else { flags::CRASH_SEGMENTS }
    }

    /// The bytes of the reservation.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.room.total()
    }

    /// The command line that the crash kernel is given.
    #[must_use]
    pub const fn cmdline(&self) -> &Cmdline {
        &self.cmdline
    }

    /// What too little room means here.
    pub(super) fn blame(&self, finding: Finding, fixed: bool) -> Finding {
        if finding.reason != Reason::NoMemoryHole || fixed {
            return finding;
        }
        let detail = format!("{}; crashkernel= reserved {} MiB", finding.detail, self.bytes() >> 20);
        Finding { reason: Reason::CrashTooSmall, detail, ..finding }
    }
}

fn given(
    cmdline: &Cmdline,
    facts: &Facts,
    map: &MemoryMap,
    room: &RangeSet,
    options: &Options,
) -> Result<Crash, Finding> {
    let rewritten = facts.header_bytes;
    let low = Platform::low(&map.entries);
    let low = low.iter().next().zip(low.iter().next_back());
    let from = low.and_then(|(first, last)| PhysRange::new(first.start(), last.end())).and_then(whole_pages);
    // The length does not depend on addresses.
    let backup = from.map(|from| Backup { from, to: from });
    let bytes = length(&Platform::core_header(facts, &map.dumped, backup)).max(rewritten.unwrap_or_default());
    let free = Platform::usable(cmdline, room).from(options.bounds.lowest()).below(options.bounds.highest());
    let free = free.whole_pages();
    let mut left = free.iter().next_back();
    let mut take = |bytes: u64| {
        let bytes = bytes.checked_next_multiple_of(PAGE)?;
        let range = left?;
        let start = range.end().checked_sub(bytes).filter(|start| *start >= range.start())?;
        left = PhysRange::new(range.start(), start);
        PhysRange::new(start, range.end())
    };
    let none = || Finding::new(Reason::CrashTooSmall, "not even the headers of the dump fit");
    let to = from.map(|from| take(from.len()).ok_or_else(none)).transpose()?;
    let backup = from.zip(to).map(|(from, to)| Backup { from, to });
    let header_at = take(bytes).ok_or_else(none)?;
    let header = Platform::core_header(facts, &map.dumped, backup);
    Ok(Crash { header, header_at, backup, rewritten: rewritten.is_some() })
}

fn whole_pages(range: PhysRange) -> Option<PhysRange> {
    PhysRange::new(range.start().align_down(PAGE)?, range.end().align_up(PAGE)?)
}

/// The reservations and low memory, without what is given there; and everything that is no RAM.
fn entries(map: &MemoryMap, given: &Crash) -> Vec<MemoryEntry> {
    let own: RangeSet = map.reserved.iter().copied().chain(Platform::low(&map.entries).iter()).collect();
    let kept = [Some(given.header_at), given.backup.map(|backup| backup.to)];
    let ram = own.difference(&kept.into_iter().flatten().collect());
    let ram = ram.iter().map(|range| MemoryEntry { range, kind: MemoryType::Ram });
    let others = map.entries.iter().filter(|entry| entry.kind != MemoryType::Ram).copied();
    memory_table(&ram.chain(others).collect::<Vec<_>>())
}
