//! The plan as a picture for a terminal, in plain ASCII: all memory in rows to scale, then the stretch where the segments lie,
//! a row each, so that the smallest shows.

use crate::memory::{MemoryEntry, MemoryType, PAGE, PhysAddr, PhysRange, RangeSet, ranges_of};

/// Rows of memory at most, those left out not counted.
const MOST_ROWS: u64 = 8;
/// Columns: below, nothing could be told from the picture; above, nobody looks.
const WIDTHS: (usize, usize) = (76, 200);
const LONGEST_NAME: usize = 12;
const LEGEND: &str = ". free RAM  = RAM not free  # not RAM  * several segments";

/// The lines of the picture, none longer than `width` columns where that is 76 or more. A character shows what most of its
/// addresses are, but for segments, which always show: by the first letter of their names, or `*` where there are several.
#[must_use]
pub fn draw(usable: &RangeSet, map: &[MemoryEntry], segments: &[(&str, PhysRange)], width: usize) -> Vec<String> {
    let width = width.clamp(WIDTHS.0, WIDTHS.1);
    let picture = Picture::new(usable, map, segments);
    let mut lines = picture.overview(width);
    lines.push(format!("  {LEGEND}"));
    lines.extend(picture.zoom(width));
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

struct Picture<'a> {
    ram: RangeSet,
    /// What there is of one kind, in the order of who wins where they take the same.
    layers: [(char, RangeSet); 3],
    /// In ascending order.
    segments: Vec<(&'a str, PhysRange)>,
}

impl<'a> Picture<'a> {
    fn new(usable: &RangeSet, map: &[MemoryEntry], segments: &[(&'a str, PhysRange)]) -> Self {
        let ram = ranges_of(map, MemoryType::Ram);
        let others = map.iter().filter(|entry| entry.kind != MemoryType::Ram).map(|entry| entry.range).collect();
        let mut segments = segments.to_vec();
        segments.sort_by_key(|(_, range)| *range);
        let layers = [('.', usable.clone()), ('=', ram.difference(usable)), ('#', others)];
        Self { ram, layers, segments }
    }

    /// All RAM: rows of a power of two each. Those without any are left out, and it is said how much that is.
    fn overview(&self, width: usize) -> Vec<String> {
        let segments = self.segments.iter().map(|(_, range)| *range);
        let ram: RangeSet = self.ram.iter().chain(segments).collect();
        let label = ram.iter().next_back().map_or(0, |last| last.end().to_string().len());
        // The largest power of two that fits.
        let cells = width.saturating_sub(label).saturating_sub(3).checked_ilog2().map_or(1, |bits| 1_u64 << bits);
        let (unit, rows) = scale(&ram, cells);
        let mut lines = vec![format!("memory: {} of RAM, {} a character", size(self.ram.total()), size(unit))];
        let mut end = PhysAddr::new(0);
        for rows in rows.iter() {
            if let Some(hole) = PhysRange::new(end, rows.start()) {
                lines.push(format!("  {:>label$} {} without RAM", "...", size(hole.len())));
            }
            for row in steps(rows, unit.saturating_mul(cells)) {
                let text: String = steps(row, unit).map(|cell| self.letter(cell)).collect();
                lines.push(format!("  {:>label$} {text}", row.start().to_string()));
            }
            end = rows.end();
        }
        lines
    }

    /// What a character shows.
    fn letter(&self, cell: PhysRange) -> char {
        let mut here = self.segments.iter().filter(|(_, range)| range.overlaps(cell)).map(|(name, _)| initial(name));
        match here.next() {
            Some(first) if here.all(|other| other == first) => first,
            Some(_) => '*',
            None => self.memory(cell),
        }
    }

    /// What there is besides segments: what fills most of it; blank only where there is nothing at all.
    fn memory(&self, cell: PhysRange) -> char {
        let cell: RangeSet = std::iter::once(cell).collect();
        let bytes = self.layers.iter().map(|(letter, set)| (cell.intersection(set).total(), *letter));
        bytes.filter(|(bytes, _)| *bytes > 0).max_by_key(|(bytes, _)| *bytes).map_or(' ', |(_, letter)| letter)
    }

    /// The stretch from the first to the last segment.
    fn zoom(&self, width: usize) -> Vec<String> {
        let ends = self.segments.iter().map(|(_, range)| range.end()).max();
        let span = self.segments.first().zip(ends).and_then(|((_, first), end)| PhysRange::new(first.start(), end));
        let Some(span) = span else { return Vec::new() };
        let rows: Vec<_> = self.segments.iter().map(|(name, range)| Row::new(name, *range)).collect();
        let columns = Columns::of(&rows);
        let unit = zoom_unit(span.len(), width.saturating_sub(columns.total()));
        let mut lines = vec![format!("segments: {span}, {} a character", size(unit))];
        for (row, (_, range)) in rows.iter().zip(&self.segments) {
            let bar = steps(span, unit).map(|cell| if range.overlaps(cell) { row.initial } else { ' ' });
            lines.push(columns.line(row, bar.collect()));
        }
        let memory = Row { initial: ' ', name: "memory".into(), start: String::new(), size: String::new() };
        lines.push(columns.line(&memory, steps(span, unit).map(|cell| self.memory(cell)).collect()));
        lines
    }
}

/// The text of a segment's row.
struct Row {
    initial: char,
    name: String,
    start: String,
    size: String,
}

impl Row {
    fn new(name: &str, range: PhysRange) -> Self {
        let name_shown = name.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { '?' });
        Self {
            initial: initial(name),
            name: name_shown.take(LONGEST_NAME).collect(),
            start: range.start().to_string(),
            size: size(range.len()),
        }
    }
}

/// How wide the columns are.
struct Columns {
    name: usize,
    start: usize,
    size: usize,
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let widest = |text: fn(&Row) -> &String| rows.iter().map(|row| text(row).len()).max().unwrap_or(0);
        Self { name: widest(|row| &row.name).max(6), start: widest(|row| &row.start), size: widest(|row| &row.size) }
    }

    /// Of a line without its bar.
    fn total(&self) -> usize {
        [self.name, self.start, self.size, 10].iter().fold(0, |total, width| total.saturating_add(*width))
    }

    fn line(&self, row: &Row, bar: String) -> String {
        let Self { name, start, size } = self;
        format!("  {} {:<name$}  {:>start$}  {:>size$}  {bar}", row.initial, row.name, row.start, row.size)
    }
}

/// The least power of two, from 1 MiB on, with which what there is takes few enough rows; and those rows.
fn scale(ranges: &RangeSet, cells: u64) -> (u64, RangeSet) {
    let mut unit = 1_u64 << 20;
    loop {
        let row = unit.saturating_mul(cells);
        let rows = ranges.iter().filter_map(|range| {
            PhysRange::new(range.start().align_down(row)?, range.end().align_up(row).unwrap_or(PhysAddr::new(u64::MAX)))
        });
        let rows: RangeSet = rows.collect();
        match unit.checked_mul(2).filter(|double| double.checked_mul(cells).is_some()) {
            Some(double) if rows.total().div_ceil(row) > MOST_ROWS => unit = double,
            _ => return (unit, rows),
        }
    }
}

/// The least of 4 KiB, 6 KiB, 8 KiB, 12 KiB, 16 KiB and so on with which so many bytes take at most so many characters.
fn zoom_unit(bytes: u64, cells: usize) -> u64 {
    let cells = u64::try_from(cells).unwrap_or(u64::MAX).max(1);
    let powers = std::iter::successors(Some(PAGE), |unit| unit.checked_mul(2));
    let units = powers.flat_map(|unit| [unit, unit.saturating_add(unit / 2)]);
    units.into_iter().find(|unit| bytes.div_ceil(*unit) <= cells).unwrap_or(u64::MAX)
}

/// A range in steps of so many bytes; the last may be shorter.
fn steps(range: PhysRange, step: u64) -> impl Iterator<Item = PhysRange> {
    let end = move |start: PhysAddr| start.checked_add(step).unwrap_or(range.end()).min(range.end());
    let first = PhysRange::new(range.start(), end(range.start()));
    std::iter::successors(first, move |last| PhysRange::new(last.end(), end(last.end())))
}

fn initial(name: &str) -> char {
    name.chars().next().filter(char::is_ascii_graphic).map_or('?', |letter| letter.to_ascii_uppercase())
}

/// Bytes in MiB; in KiB where they are few and no whole MiB, in GiB where they are many.
fn size(bytes: u64) -> String {
    match bytes {
        0x10_0000_0000.. => format!("{} GiB", bytes.div_ceil(1 << 30)),
        0xa0_0000.. => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes.div_ceil(1 << 10)),
    }
}

#[cfg(test)]
mod tests;
