//! Puts pieces into free memory: in whole pages, aligned, apart from each other, each as high as it can lie.
//!
//! The pieces that say where they belong come first. The others are tried in the order given, each at the highest address that
//! is left to it; where that leaves no room for a later one, in every other order. That finds a placement where there is one:
//! take any that is right, and put its pieces in from its highest to its lowest; each finds at least the place it had there,
//! as those before it lie where they lay or higher. Beyond seven pieces without an address of their own the search may end
//! before the last order (`MOST_STEPS`); no kernel makes more than four.

use crate::memory::{PAGE, PhysAddr, PhysRange, RangeSet};
use crate::reason::{Finding, Reason};

/// Segments that the kernel takes (include/uapi/linux/kexec.h, `KEXEC_SEGMENT_MAX`).
pub const MOST_SEGMENTS: usize = 16;

/// What no segment may reach: `MAXMEM - 1` under four-level paging (arch/x86/include/asm/kexec.h), in whole pages.
const TOP: PhysAddr = PhysAddr::new((1 << 46) - PAGE);

/// Places tried before the search gives up: all orders of seven pieces are 13 699.
const MOST_STEPS: u32 = 20_000;

/// What is to be put into memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What people call it.
    pub name: &'static str,
    /// Bytes that are copied.
    pub bufsz: u64,
    /// Bytes that it takes; less than `bufsz` counts as that, nothing as a page.
    pub memsz: u64,
    /// The alignment of its first byte, a power of two; less than a page counts as a page.
    pub alignment: u64,
    /// The alignment that will do when nothing of the first is free.
    pub fallback_alignment: u64,
    /// It must not lie below.
    pub lowest: PhysAddr,
    /// It must end here or below.
    pub highest: PhysAddr,
    /// The only address where it may lie, whatever the four fields above say.
    pub fixed: Option<PhysAddr>,
}

/// Where there is room for them.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// Free memory.
    pub usable: &'a RangeSet,
    /// Bytes that all pieces may take together: half of the RAM; `None` where that is not known.
    pub limit: Option<u64>,
    /// Nothing may lie below.
    pub lowest: PhysAddr,
    /// Everything must end here or below.
    pub highest: PhysAddr,
}

/// The addresses of all pieces, in the order of the pieces; their lengths are `memsz` in whole pages.
///
/// # Errors
/// `too-many-segments`, `half-of-ram`, `no-memory-hole`.
pub fn place(pieces: &[Piece], room: &Room<'_>) -> Result<Vec<PhysRange>, Finding> {
    if pieces.len() > MOST_SEGMENTS {
        return Err(Finding::new(Reason::TooManySegments, format!("{} segments of {MOST_SEGMENTS}", pieces.len())));
    }
    within_limit(pieces, room.limit)?;
    let free = room.usable.from(room.lowest).below(room.highest.min(TOP)).whole_pages();
    let (free, mut placed) = place_fixed(pieces, room, free)?;
    for alignment in [|piece: &Piece| piece.alignment, |piece: &Piece| piece.fallback_alignment] {
        let mut search = Search { pieces, alignment, steps: MOST_STEPS };
        if search.rest(&free, &mut placed) {
            return Ok(placed.into_iter().flatten().collect());
        }
    }
    Err(no_room(pieces, &free))
}

fn within_limit(pieces: &[Piece], limit: Option<u64>) -> Result<(), Finding> {
    let total = pieces.iter().fold(0, |total: u64, piece| total.saturating_add(piece.length()));
    match limit.filter(|limit| total > *limit) {
        Some(limit) => {
            let seen = format!("{}; the limit is {}", sizes(pieces), size(limit));
            Err(Finding::new(Reason::MemoryTooSmall, seen))
        }
        None => Ok(()),
    }
}

/// Places by piece; nothing where one has none yet.
type Placed = Vec<Option<PhysRange>>;

/// What is left when the pieces with an address of their own lie there.
fn place_fixed(pieces: &[Piece], room: &Room<'_>, mut free: RangeSet) -> Result<(RangeSet, Placed), Finding> {
    let mut placed: Placed = vec![None; pieces.len()];
    for (index, piece) in pieces.iter().enumerate() {
        let Some(start) = piece.fixed else { continue };
        let range = PhysRange::of_length(start, piece.length()).filter(|_| start.align_down(PAGE) == Some(start));
        let Some(range) = range.filter(|range| free.contains(*range)) else {
            return Err(fixed_taken(pieces, &placed, room, piece));
        };
        free = free.without(range);
        if let Some(place) = placed.get_mut(index) {
            *place = Some(range);
        }
    }
    Ok((free, placed))
}

/// Tries one order after the other.
struct Search<'a> {
    pieces: &'a [Piece],
    alignment: fn(&Piece) -> u64,
    steps: u32,
}

impl Search<'_> {
    /// Whether all pieces without a place find one; then they have it.
    fn rest(&mut self, free: &RangeSet, placed: &mut Placed) -> bool {
        let mut complete = true;
        for (index, piece) in self.pieces.iter().enumerate() {
            if placed.get(index).is_some_and(Option::is_some) {
                continue;
            }
            complete = false;
            let Some(left) = self.steps.checked_sub(1) else { return false };
            self.steps = left;
            // What does not fit now does not fit when there is less.
            let Some(range) = piece.highest_place(free, (self.alignment)(piece)) else { return false };
            set(placed, index, Some(range));
            if self.rest(&free.without(range), placed) {
                return true;
            }
            set(placed, index, None);
        }
        complete
    }
}

fn set(placed: &mut Placed, index: usize, range: Option<PhysRange>) {
    if let Some(place) = placed.get_mut(index) {
        *place = range;
    }
}

impl Piece {
    /// Bytes in whole pages.
    fn length(&self) -> u64 {
        self.memsz.max(self.bufsz).max(1).checked_next_multiple_of(PAGE).unwrap_or(u64::MAX)
    }

    /// The highest place that is left.
    fn highest_place(&self, free: &RangeSet, alignment: u64) -> Option<PhysRange> {
        let bounds = PhysRange::new(self.lowest, self.highest)?;
        free.iter().rev().filter_map(|range| range.intersection(bounds)).find_map(|range| {
            let start = range.end().checked_sub(self.length())?.align_down(alignment.max(PAGE))?;
            PhysRange::of_length(start, self.length()).filter(|place| range.contains(*place))
        })
    }

    /// The longest stretch within its own bounds.
    fn longest(&self, free: &RangeSet) -> u64 {
        free.from(self.lowest).below(self.highest).longest().map_or(0, PhysRange::len)
    }
}

/// What keeps a piece from the only address that it may have.
fn fixed_taken(pieces: &[Piece], placed: &Placed, room: &Room<'_>, piece: &Piece) -> Finding {
    let start = piece.fixed.unwrap_or_default();
    let Some(range) = PhysRange::of_length(start, piece.length()) else {
        return hole(format!("{} at {start}: there is no such address", piece.name));
    };
    let other = pieces.iter().zip(placed).find(|(_, place)| place.is_some_and(|place| place.overlaps(range)));
    let bounds = PhysRange::new(room.lowest, room.highest.min(TOP));
    let gap = std::iter::once(range).collect::<RangeSet>().difference(&room.usable.whole_pages());
    let seen = if let Some((other, _)) = other {
        format!("{} lies there", other.name)
    } else if start.align_down(PAGE) != Some(start) {
        "which is not the start of a page".to_owned()
    } else if let Some(bounds) = bounds.filter(|bounds| !bounds.contains(range)) {
        format!("outside the bounds {bounds}")
    } else if let Some(gap) = gap.iter().next() {
        format!("{gap} is not free RAM")
    } else {
        "nothing is free".to_owned()
    };
    hole(format!("{} can only lie at {range}: {seen}", piece.name))
}

fn no_room(pieces: &[Piece], free: &RangeSet) -> Finding {
    let moving = || pieces.iter().filter(|piece| piece.fixed.is_none());
    let alone = moving().find(|piece| piece.highest_place(free, piece.fallback_alignment).is_none());
    hole(match alone {
        Some(piece) => format!(
            "{} takes {}, aligned to {:#x}, from {} on; the largest stretch there is {}",
            piece.name,
            size(piece.length()),
            piece.fallback_alignment.max(PAGE),
            piece.lowest,
            size(piece.longest(free))
        ),
        None => format!(
            "{}; each would fit, but not all together: of {} free the largest stretch is {}",
            sizes(pieces),
            size(free.total()),
            size(free.longest().map_or(0, PhysRange::len))
        ),
    })
}

fn hole(seen: String) -> Finding {
    Finding::new(Reason::NoMemoryHole, seen)
}

fn sizes(pieces: &[Piece]) -> String {
    let sizes: Vec<_> = pieces.iter().map(|piece| format!("{} for {}", size(piece.length()), piece.name)).collect();
    sizes.join(", ")
}

/// A number of bytes for people: full MiB from one on, KiB below; rounded up.
fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

#[cfg(test)]
mod tests;
