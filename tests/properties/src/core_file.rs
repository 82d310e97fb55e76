//! A reader of ELF core files of its own, for the headers of a dump.

use skexec::arch::Backup;
use skexec::machine::CrashFacts;
use skexec::memory::{PhysAddr, PhysRange, RangeSet};

const NOTE: u64 = 4;
const LOAD: u64 = 1;

/// A program header: type, offset, virtual address, physical address, bytes in the file, bytes in memory.
type Part = [u64; 6];

/// The notes are those of the processors and vmcoreinfo. The first part is the kernel; the others are the memory to be dumped, each
/// byte once, where it is when the crash kernel runs.
pub(crate) fn agrees(header: &[u8], facts: &CrashFacts, dumped: &RangeSet, backup: Option<Backup>) {
    let parts = parts(header);
    let (notes, loads): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part[0] == NOTE);
    let wanted: Vec<_> =
        facts.notes.iter().chain([&facts.vmcoreinfo]).map(|note| (note.start().get(), note.len())).collect();
    assert_eq!(notes.iter().map(|note| (note[1], note[4])).collect::<Vec<_>>(), wanted);
    let ([kernel], ram) = loads.split_at(1) else { panic!("no part for the kernel") };
    let in_kernel = facts.kcore.kernel;
    assert_eq!(
        *kernel,
        [LOAD, in_kernel.start().get(), facts.kcore.text, in_kernel.start().get(), in_kernel.len(), in_kernel.len()]
    );
    let ranges: Vec<_> =
        ram.iter().map(|part| PhysRange::of_length(PhysAddr::new(part[3]), part[4]).unwrap()).collect();
    let together: RangeSet = ranges.iter().copied().collect();
    assert_eq!(&together, dumped);
    assert_eq!(together.total(), ranges.iter().map(|range| range.len()).sum::<u64>(), "memory is dumped twice");
    for (part, range) in ram.iter().zip(&ranges) {
        assert_eq!(part[2], facts.kcore.page_offset.wrapping_add(part[3]));
        let moved = backup.filter(|backup| backup.from.overlaps(*range));
        let wanted = moved.map_or(part[3], |backup| part[3] - backup.from.start().get() + backup.to.start().get());
        assert_eq!((part[0], part[1], part[5]), (LOAD, wanted, part[4]));
    }
}

fn parts(header: &[u8]) -> Vec<Part> {
    let number = |at: usize, size: usize| {
        header[at..at + size].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    assert_eq!(&header[..16], b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // A core file for x86-64, program headers of 56 bytes behind the first 64, no sections.
    assert_eq!([number(16, 2), number(18, 2), number(32, 8), number(40, 8), number(54, 2)], [4, 62, 64, 0, 56]);
    let count = usize::try_from(number(56, 2)).unwrap();
    assert_eq!(header.len(), 64 + 56 * count);
    let part = |index: usize| {
        let at = 64 + 56 * index;
        [(0, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8)].map(|(offset, size)| number(at + offset, size))
    };
    (0..count).map(part).collect()
}
