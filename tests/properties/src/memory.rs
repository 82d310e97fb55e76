//! Where memory is, and what may be put there.

use skexec::machine::memory::MemoryMap;
use skexec::memory::{E820Entry, E820Type, MIB, PAGE, PhysAddr, PhysRange, RangeSet, ranges_of};
use skexec::plan::draw::draw;
use skexec::plan::place::{MOST_SEGMENTS, Piece, Room, place};

const NAMES: [&str; MOST_SEGMENTS] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"];

/// /proc/iomem, the firmware's table in the same form, and pieces of four bytes each, with an empty line between them.
pub fn memory(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut parts = text.splitn(3, "\n\n");
    let mut part = || parts.next().unwrap_or_default();
    let (iomem, firmware, pieces) = (part(), entries(part()), part());
    let Ok(map) = MemoryMap::of(iomem, (!firmware.is_empty()).then_some(&firmware)) else { return };
    table(&map.e820);
    assert_eq!(MemoryMap::of(iomem, Some(&map.e820)).as_ref(), Ok(&map), "the next generation is told something else");
    let ram = ranges_of(&map.e820, E820Type::Ram);
    assert!(map.usable.iter().all(|range| ram.contains(range) && whole(range) && range.start() >= PhysAddr::new(MIB)));
    let pieces: Vec<_> = pieces.as_bytes().chunks_exact(4).zip(NAMES).map(|(bytes, name)| piece(name, bytes)).collect();
    placement(&map, &pieces);
}

/// In order, disjoint, neighbours of one type merged.
fn table(entries: &[E820Entry]) {
    for two in entries.windows(2) {
        assert!(two[0].range.end() <= two[1].range.start(), "{entries:?}");
        assert!(two[0].range.end() < two[1].range.start() || two[0].kind != two[1].kind, "{entries:?}");
    }
}

fn placement(map: &MemoryMap, pieces: &[Piece]) {
    let (lowest, highest) = (PhysAddr::new(2 * MIB), PhysAddr::new(1 << 40));
    let room = Room { usable: &map.usable, limit: Some(map.usable.total() / 2), lowest, highest };
    let Ok(places) = place(pieces, &room) else { return };
    assert_eq!(places.len(), pieces.len());
    for (piece, range) in pieces.iter().zip(&places) {
        assert!(map.usable.contains(*range) && whole(*range) && lowest <= range.start() && range.end() <= highest);
        assert!(range.len() >= piece.memsz && piece.fixed.is_none_or(|start| start == range.start()));
        assert!(piece.fixed.is_some() || range.start().align_down(piece.fallback_alignment) == Some(range.start()));
    }
    let together: RangeSet = places.iter().copied().collect();
    assert_eq!(together.total(), places.iter().map(|range| range.len()).sum::<u64>(), "pieces overlap");
    let segments: Vec<_> = pieces.iter().map(|piece| piece.name).zip(places).collect();
    let lines = draw(&map.usable, &map.e820, &segments, 80);
    assert!(lines.iter().all(|line| line.len() <= 80 && line.is_ascii()), "{}", lines.join("\n"));
    for (name, _) in segments {
        let shows = |line: &String| line.starts_with(&format!("  {name} ")) && line.ends_with(name);
        assert!(lines.iter().any(shows), "{name} in\n{}", lines.join("\n"));
    }
}

fn whole(range: PhysRange) -> bool {
    [range.start(), range.end()].into_iter().all(|end| end.align_down(PAGE) == Some(end))
}

/// Size, alignments, lowest address, fixed or not.
fn piece(name: &'static str, bytes: &[u8]) -> Piece {
    let [size, alignment, lowest, fixed] = [0, 1, 2, 3].map(|index| u64::from(bytes[index]));
    let (alignment, less) = (PAGE << (alignment & 15), size & 3);
    Piece {
        name,
        bufsz: size << 10,
        memsz: size << (10 + (size & 7)),
        alignment,
        fallback_alignment: (alignment >> less).max(PAGE),
        lowest: PhysAddr::new(lowest << 20),
        highest: PhysAddr::new(u64::MAX),
        fixed: (fixed & 0x70 == 0).then(|| PhysAddr::new((lowest << 20) + (fixed << 12))),
    }
}

/// `100000-7fffff : System RAM`; lines of another kind are left out.
fn entries(text: &str) -> Vec<E820Entry> {
    let entry = |line: &str| {
        let (addresses, name) = line.split_once(" : ")?;
        let (first, last) = addresses.split_once('-')?;
        let [first, last] = [first, last].map(|digits| u64::from_str_radix(digits.trim(), 16));
        let range = PhysRange::new(PhysAddr::new(first.ok()?), PhysAddr::new(last.ok()?.checked_add(1)?))?;
        Some(E820Entry { range, kind: E820Type::of_name(name).unwrap_or(E820Type::Reserved) })
    };
    text.lines().filter_map(entry).collect()
}
