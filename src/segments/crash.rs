//! What is different for a crash kernel: all segments lie in its reservation, it knows of no other memory, and it is given the headers
//! of a dump.

use super::{Options, map};
use crate::arch::{Architecture as _, Backup, Crash, Platform};
use crate::image::cmdline::Cmdline;
use crate::machine::memory::MemoryMap;
use crate::machine::{CrashFacts, Machine};
use crate::memory::{MemoryEntry, MemoryType, PAGE, PhysRange, RangeSet, memory_table};
use crate::placement::{Room, length};
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
    /// `no-crashkernel`, `crash-too-small`, `no-memory-hole`, `memory-map`.
    pub fn new(cmdline: &Cmdline, facts: &CrashFacts, machine: &Machine, options: &Options) -> Result<Self, Finding> {
        let map = map(machine)?;
        let reserved = *map.reserved.iter().max().ok_or(Reason::NoCrashKernel)?;
        let room: RangeSet = std::iter::once(reserved).collect();
        let usable = Platform::usable(cmdline, &room);
        let given = given(facts, map, &options.room(&usable, machine));
        let given = given.map_err(|finding| blame(options.bounds.blame(finding, &room, &usable, cmdline), &room))?;
        let at = given.header_at.start().get() >> 10;
        Ok(Self { cmdline: cmdline.led_by(&format!("elfcorehdr={at:#x}K")), map: entries(map, &given), room, given })
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
        if fixed { finding } else { blame(finding, &self.room) }
    }
}

/// Too little room in the reservation.
fn blame(finding: Finding, room: &RangeSet) -> Finding {
    if finding.reason != Reason::NoMemoryHole {
        return finding;
    }
    let detail = format!("{}; crashkernel= reserved {} MiB", finding.detail, room.total() >> 20);
    Finding { reason: Reason::CrashTooSmall, detail, ..finding }
}

fn given(facts: &CrashFacts, map: &MemoryMap, room: &Room<'_>) -> Result<Crash, Finding> {
    let rewritten = facts.header_bytes;
    let low = Platform::low(&map.entries);
    let low = low.iter().next().zip(low.iter().next_back());
    let from =
        low.and_then(|(first, last)| PhysRange::new(first.start(), last.end())).and_then(PhysRange::covering_pages);
    // The length does not depend on addresses.
    let backup = from.map(|from| Backup { from, to: from });
    let bytes = length(&Platform::core_header(facts, &map.dumped, backup)).max(rewritten.unwrap_or_default());
    let mut left = room.usable.from(room.lowest).below(room.highest).whole_pages();
    let mut take = |bytes: u64, what: &str| {
        let taken = highest(&left, bytes);
        let none = || {
            let longest = left.longest().map_or(0, PhysRange::len);
            let seen =
                format!("{} KiB for {what}; the largest stretch is {} KiB", bytes.div_ceil(1 << 10), longest >> 10);
            Finding::new(Reason::NoMemoryHole, seen)
        };
        let taken = taken.ok_or_else(none)?;
        left = left.without(taken);
        Ok::<_, Finding>(taken)
    };
    let to = from.map(|from| take(from.len(), "the copy of low memory")).transpose()?;
    let backup = from.zip(to).map(|(from, to)| Backup { from, to });
    let header_at = take(bytes, "the headers of the dump")?;
    let header = Platform::core_header(facts, &map.dumped, backup);
    Ok(Crash { header, header_at, backup, rewritten: rewritten.is_some() })
}

/// Whole pages for so many bytes, at the end of the highest stretch that is long enough.
fn highest(free: &RangeSet, bytes: u64) -> Option<PhysRange> {
    let bytes = bytes.checked_next_multiple_of(PAGE)?;
    let range = free.iter().rev().find(|range| range.len() >= bytes)?;
    PhysRange::new(range.end().checked_sub(bytes)?, range.end())
}

/// The reservations and low memory, without what is given there; and everything that is no RAM. Memory of a special purpose is
/// reserved: a driver could make RAM of it (`kmem`), and so of memory that is to be dumped.
fn entries(map: &MemoryMap, given: &Crash) -> Vec<MemoryEntry> {
    let own: RangeSet = map.reserved.iter().copied().chain(Platform::low(&map.entries).iter()).collect();
    let kept = [Some(given.header_at), given.backup.map(|backup| backup.to)];
    let ram = own.difference(&kept.into_iter().flatten().collect());
    let ram = ram.iter().map(|range| MemoryEntry { range, kind: MemoryType::Ram });
    let others = map.entries.iter().filter(|entry| entry.kind != MemoryType::Ram).map(|entry| match entry.kind {
        MemoryType::SoftReserved => MemoryEntry { kind: MemoryType::Reserved, ..*entry },
        _ => *entry,
    });
    memory_table(&ram.chain(others).collect::<Vec<_>>())
}
