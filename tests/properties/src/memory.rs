//! Properties of the memory map and of placement.

use skexec::machine::memory::MemoryMap;
use skexec::memory::{MIB, MemoryEntry, MemoryType, PAGE, PhysAddr, PhysRange, RangeSet, ranges_of};
use skexec::placement::draw::draw;
use skexec::placement::{Constraints, Content, MOST_SEGMENTS, Role, Room, SegmentSpec, search};

const NAMES: [&str; MOST_SEGMENTS] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"];

/// The content of any segment.
static ZEROS: [u8; 255 << 10] = [0; 255 << 10];

/// The input has three parts with an empty line between them: /proc/iomem, the firmware's table in the same form, and
/// segments to place, four bytes each.
pub fn memory(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(3, "\n\n");
    let mut part = || parts.next().unwrap_or_default();
    let (iomem, firmware, specs) = (part(), entries(part()), part());
    let Ok(map) = MemoryMap::of(iomem, (!firmware.is_empty()).then_some(&firmware)) else { return };
    table(&map.entries);
    assert_eq!(
        MemoryMap::of(iomem, Some(&map.entries)).as_ref(),
        Ok(&map),
        "the next generation is told something else"
    );
    let ram = ranges_of(&map.entries, MemoryType::Ram);
    assert!(map.usable.iter().all(|range| ram.contains(range) && whole(range) && range.start() >= PhysAddr::new(MIB)));
    let specs: Vec<_> = specs.as_bytes().chunks_exact(4).zip(NAMES).map(|(bytes, name)| spec(name, bytes)).collect();
    placement(&map, &specs);
}

/// The entries are in order and disjoint, and neighbours of one type are merged.
pub(crate) fn table(entries: &[MemoryEntry]) {
    for two in entries.windows(2) {
        assert!(two[0].range.end() <= two[1].range.start(), "{entries:?}");
        assert!(two[0].range.end() < two[1].range.start() || two[0].kind != two[1].kind, "{entries:?}");
    }
}

fn placement(map: &MemoryMap, specs: &[SegmentSpec<'_>]) {
    let (lowest, highest) = (PhysAddr::new(2 * MIB), PhysAddr::new(1 << 40));
    let room = Room { usable: &map.usable, limit: Some(map.usable.total() / 2), lowest, highest };
    let Ok(places) = search(specs, &room) else { return };
    assert_eq!(places.len(), specs.len());
    for (spec, range) in specs.iter().zip(&places) {
        let Constraints { fallback_alignment, fixed, .. } = spec.constraints;
        assert!(map.usable.contains(*range) && whole(*range) && lowest <= range.start() && range.end() <= highest);
        assert!(range.len() >= spec.memory.max(spec.window) && fixed.is_none_or(|start| start == range.start()));
        assert!(fixed.is_some() || range.start().align_down(fallback_alignment) == Some(range.start()));
    }
    let together: RangeSet = places.iter().copied().collect();
    assert_eq!(together.total(), places.iter().map(|range| range.len()).sum::<u64>(), "segments overlap");
    let segments: Vec<_> = specs.iter().map(|spec| &*spec.name).zip(places).collect();
    let lines = draw(&map.usable, &map.entries, &segments, 80);
    assert!(lines.iter().all(|line| line.len() <= 80 && line.is_ascii()), "{}", lines.join("\n"));
    for (name, _) in segments {
        let shows = |line: &String| line.starts_with(&format!("  {name} ")) && line.ends_with(name);
        assert!(lines.iter().any(shows), "{name} in\n{}", lines.join("\n"));
    }
}

fn whole(range: PhysRange) -> bool {
    [range.start(), range.end()].into_iter().all(|end| end.align_down(PAGE) == Some(end))
}

/// Size, window, alignments, lowest address, fixed or drawn or neither.
fn spec(name: &'static str, bytes: &[u8]) -> SegmentSpec<'static> {
    let [size, alignment, lowest, fixed] = [0, 1, 2, 3].map(|index| u64::from(bytes[index]));
    let (alignment, less) = (PAGE << (alignment & 15), size & 3);
    let constraints = Constraints {
        alignment,
        fallback_alignment: (alignment >> less).max(PAGE),
        lowest: PhysAddr::new(lowest << 20),
        highest: PhysAddr::new(u64::MAX),
        fixed: (fixed & 0x70 == 0).then(|| PhysAddr::new((lowest << 20) + (fixed << 12))),
        draws: (0..fixed & 3).map(|draw| (draw + size).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect(),
    };
    let content = Content::Bytes(&ZEROS[..usize::from(bytes[0]) << 10]);
    let (memory, window) = (size << (10 + (size & 7)), size << (11 + (lowest & 7)));
    SegmentSpec { memory, window, constraints, ..SegmentSpec::new(Role::Kernel, name, content) }
}

/// Parses `100000-7fffff : System RAM`; other lines are skipped.
pub(crate) fn entries(text: &str) -> Vec<MemoryEntry> {
    let entry = |line: &str| {
        let (addresses, name) = line.split_once(" : ")?;
        let (first, last) = addresses.split_once('-')?;
        let [first, last] = [first, last].map(|digits| u64::from_str_radix(digits.trim(), 16));
        let range = PhysRange::new(PhysAddr::new(first.ok()?), PhysAddr::new(last.ok()?.checked_add(1)?))?;
        Some(MemoryEntry { range, kind: MemoryType::of_name(name).unwrap_or(MemoryType::Reserved) })
    };
    text.lines().filter_map(entry).collect()
}
