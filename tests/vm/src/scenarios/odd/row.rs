//! One odd machine: its parameters and their values.

use std::fmt;

use crate::fetch::Series;
use crate::hardware::Hardware;
use crate::lab::Firmware;
use crate::scenarios::layout::Layout;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    File,
    /// By segments.
    By(Layout),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::By(layout) => layout.fmt(f),
        }
    }
}

/// What the kernels may use of the machine's memory, by their command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    Whole,
    /// `mem=` cuts its end off.
    Limited,
    /// `memmap=` reserves a part in its midst.
    Reserved,
    /// No memory below 4 GiB but 256 MiB and the last 16 MiB. A PC cannot do without: BIOS, the start of other processors and UEFI need
    /// memory there.
    High,
}

/// What the processor lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Nothing,
    La57,
    ShaNi,
    /// And SHA-NI, which no processor has without it.
    Ssse3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processors {
    One,
    Two,
    Eight,
    /// Two, and a third that is plugged in before the load.
    Plugged,
}

/// The second kernel's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Short,
    /// 2016 bytes: the longest by the file method.
    Longest,
    /// 2017 bytes.
    Longer,
    /// Letters of several alphabets.
    Foreign,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) first: Series,
    pub(crate) second: Series,
    pub(crate) method: Method,
    pub(crate) firmware: Firmware,
    pub(crate) memory: Memory,
    pub(crate) missing: Missing,
    pub(crate) processors: Processors,
    pub(crate) line: Line,
    /// NUMA nodes.
    pub(crate) nodes: u32,
    /// Huge pages are reserved by the command line.
    pub(crate) huge_pages: bool,
    /// The command line declares persistent memory.
    pub(crate) pmem: bool,
    /// A module of memory is plugged in before the load.
    pub(crate) memory_plugged: bool,
}

/// A range of physical memory that the command line takes from the kernel, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) length: u64,
}

/// The number of huge pages, of 2 MiB each.
pub(super) const HUGE_PAGES: u64 = 32;
pub(super) const MODULE_MIB: u64 = 256;
const LIMIT_MIB: u64 = 1536;

impl Row {
    /// The name contains all values, so that a filter can choose by any of them.
    pub(crate) fn name(&self) -> String {
        let Self { first, second, method, nodes, .. } = self;
        let lower = |value: &dyn fmt::Debug| format!("{value:?}").to_lowercase();
        let mut name = format!("odd-{first}-to-{second}-{method}-{}-{}", lower(&self.firmware), lower(&self.memory));
        name += &format!("-no-{}-cpus-{}-{}", lower(&self.missing), lower(&self.processors), lower(&self.line));
        name += &format!("-nodes-{nodes}");
        for (is, word) in [(self.huge_pages, "-huge"), (self.pmem, "-pmem"), (self.memory_plugged, "-dimm")] {
            name += if is { word } else { "" };
        }
        name
    }

    pub(super) fn hardware(&self) -> Hardware {
        let memory = if self.memory == Memory::High { 6144 } else { 2048 };
        let missing = self.missing;
        Hardware {
            memory: Some(memory),
            la57: missing != Missing::La57,
            sha_ni: !matches!(missing, Missing::ShaNi | Missing::Ssse3),
            ssse3: missing != Missing::Ssse3,
            processors: match self.processors {
                Processors::One => 1,
                Processors::Two | Processors::Plugged => 2,
                Processors::Eight => 8,
            },
            nodes: self.nodes,
            spare_processor: self.processors == Processors::Plugged,
            spare_memory: self.memory_plugged,
            ..Hardware::default()
        }
    }

    /// What `memmap=` reserves.
    pub(super) fn reserved(&self) -> Option<Range> {
        match self.memory {
            Memory::Whole | Memory::Limited => None,
            Memory::Reserved => Some(Range { start: 1024, length: 256 }),
            Memory::High => Some(Range { start: 256, length: 1776 }),
        }
    }

    /// What `memmap=` makes persistent.
    pub(super) fn persistent(&self) -> Option<Range> {
        let start = if self.memory == Memory::High { 5120 } else { 768 };
        self.pmem.then_some(Range { start, length: 64 })
    }

    /// The first kernel's own words, which the second one gets, too.
    pub(super) fn words(&self) -> String {
        let mut words = vec![];
        if self.memory == Memory::Limited {
            words.push(format!("mem={LIMIT_MIB}M"));
        }
        words.extend(self.reserved().map(|range| format!("memmap={}M${}M", range.length, range.start)));
        words.extend(self.persistent().map(|range| format!("memmap={}M!{}M", range.length, range.start)));
        if self.huge_pages {
            words.push(format!("hugepages={HUGE_PAGES}"));
        }
        words.join(" ")
    }
}

impl Line {
    /// The second kernel's command line, which begins with the first one's.
    pub(super) fn from(self, first: &str) -> String {
        match self {
            Self::Short => format!("{first} vm.test=short"),
            Self::Foreign => format!("{first} vm.test=Grüße,Ωμέγα,עולם,한글,🦀"),
            Self::Longest => padded(first, 2016),
            Self::Longer => padded(first, 2017),
        }
    }
}

/// The line, filled up to a number of bytes.
pub(super) fn padded(first: &str, bytes: usize) -> String {
    let mut line = format!("{first} vm.pad=");
    let left = bytes.saturating_sub(line.len());
    line.extend((0..left).map(|at| char::from(b"0123456789"[at % 10])));
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_bytes_that_it_is_named_for() {
        assert_eq!(Line::Longest.from("a b").len(), 2016);
        assert_eq!(Line::Longer.from("a b").len(), 2017);
        assert!(!Line::Foreign.from("a").is_ascii());
        assert!(Line::Longest.from("a").starts_with("a vm.pad=0123456789012"));
    }
}
