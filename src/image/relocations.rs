//! The relocations that the kernel's build puts behind the vmlinux in a bzImage (arch/x86/tools/relocs.c), for a kernel that runs
//! at another virtual address than it was linked for. `handle_relocations` (arch/x86/boot/compressed/misc.c) reads them
//! backwards from the end of the payload.
//!
//! The table is made of 32-bit words, each list after a zero: the places of 64-bit values, up to Linux 6.14 those of negative
//! 32-bit values, and those of 32-bit values. A place is a virtual address; the word is its lower half. A place belongs to the
//! segment that is loaded at its address less `__START_KERNEL_map`: the segment for the variables of each processor, whose
//! `p_vaddr` is zero up to 6.14, is named like all others.

use super::elf::{self, LoadSegment, Program};

/// The lower half of `__START_KERNEL_map`.
const MAP: u32 = 0x8000_0000;
const WORD: usize = 4;

/// Places in a kernel laid out flat: offsets from the address of its first segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocations {
    words: Vec<u32>,
    inverse: Vec<u32>,
    longs: Vec<u32>,
}

impl Relocations {
    /// Reads the table behind the ELF file. `unpacked` is what `program` was parsed from.
    ///
    /// # Errors
    /// Why it is not the table of a kernel that can be relocated: it is missing, does not consist of two or three lists, has a
    /// list that is not in order, or has a place outside the bytes of the segments.
    pub fn parse(program: &Program, unpacked: &[u8]) -> Result<Self, String> {
        let end = elf::extent(unpacked).ok_or("the headers of the unpacked kernel do not tell where it ends")?;
        let table = unpacked.get(end..).unwrap_or_default();
        let (words, []) = table.as_chunks::<WORD>() else {
            return Err(format!("the table of relocations has {} bytes, not whole words", table.len()));
        };
        let Some(([0, 0, 0, 0], words)) = words.split_first() else {
            return Err("there is no table of relocations behind the unpacked kernel".to_owned());
        };
        let mut lists = words.split(|word| *word == [0; WORD]);
        let found = [lists.next(), lists.next(), lists.next(), lists.next()];
        let (longs, inverse, words) = match found {
            [Some(longs), Some(words), None, None] => (longs, [].as_slice(), words),
            [Some(longs), Some(inverse), Some(words), None] => (longs, inverse, words),
            [_, None, ..] => return Err("the table of relocations has one list, wanted two or three".to_owned()),
            _ => return Err("the table of relocations has more than three lists".to_owned()),
        };
        let places = |list: &[_], size| places(&program.segments, list, size);
        Ok(Self { words: places(words, 4)?, inverse: places(inverse, 4)?, longs: places(longs, 8)? })
    }

    /// How many places there are: of 32-bit values, of negative 32-bit values, of 64-bit values.
    #[must_use]
    pub const fn counts(&self) -> [usize; 3] {
        [self.words.len(), self.inverse.len(), self.longs.len()]
    }

    /// The end of the last place, as an offset.
    pub(super) fn end(&self) -> usize {
        let ends = [(&self.words, 4), (&self.inverse, 4), (&self.longs, 8)];
        let end = ends.into_iter().filter_map(|(list, size): (&Vec<u32>, u32)| list.last()?.checked_add(size)).max();
        end.and_then(|end| usize::try_from(end).ok()).unwrap_or(0)
    }

    /// Adds `delta` to every value, or subtracts it from the negative ones.
    ///
    /// # Errors
    /// A value that would leave the range of its field. What came before is changed already.
    pub(super) fn apply(&self, flat: &mut [u8], delta: i32) -> Result<(), String> {
        let less = delta.checked_neg().ok_or("the kernel cannot be moved so far")?;
        for (list, delta) in [(&self.words, delta), (&self.inverse, less)] {
            for place in list {
                change(flat, *place, |bytes| {
                    u32::from_le_bytes(bytes).checked_add_signed(delta).map(u32::to_le_bytes)
                })?;
            }
        }
        for place in &self.longs {
            let delta = i64::from(delta);
            change(flat, *place, |bytes| u64::from_le_bytes(bytes).checked_add_signed(delta).map(u64::to_le_bytes))?;
        }
        Ok(())
    }
}

/// The places of a list as offsets. relocs.c sorts each list, so that places in order do not overlap.
fn places(segments: &[LoadSegment], list: &[[u8; WORD]], size: u32) -> Result<Vec<u32>, String> {
    let ranges: Vec<_> = segments.iter().filter_map(|segment| offsets(segments, segment)).collect();
    let mut current = ranges.iter();
    let mut range = current.next();
    let mut places = Vec::with_capacity(list.len());
    let mut last_end = 0;
    for word in list.iter().map(|word| u32::from_le_bytes(*word)) {
        let outside = || format!("the relocation of {word:#x} lies in no segment's bytes");
        let start = base(segments).and_then(|base| word.checked_sub(MAP)?.checked_sub(base)).ok_or_else(outside)?;
        let end = start.checked_add(size).ok_or_else(outside)?;
        if start < last_end {
            return Err(format!("the relocation of {word:#x} is not in order"));
        }
        while range.is_some_and(|range| range.1 <= start) {
            range = current.next();
        }
        range.filter(|range| range.0 <= start && end <= range.1).ok_or_else(outside)?;
        places.push(start);
        last_end = end;
    }
    Ok(places)
}

/// The address of the first segment.
fn base(segments: &[LoadSegment]) -> Option<u32> {
    u32::try_from(segments.first()?.at.start().get()).ok()
}

/// From where to where the bytes of a segment are, in offsets.
fn offsets(segments: &[LoadSegment], segment: &LoadSegment) -> Option<(u32, u32)> {
    let start = u32::try_from(segment.at.start().get()).ok()?.checked_sub(base(segments)?)?;
    Some((start, start.checked_add(u32::try_from(segment.file.len()).ok()?)?))
}

/// Changes the `N` bytes at a place.
fn change<const N: usize>(
    flat: &mut [u8],
    place: u32,
    new: impl FnOnce([u8; N]) -> Option<[u8; N]>,
) -> Result<(), String> {
    let at = usize::try_from(place).ok().and_then(|place| flat.get_mut(place..)?.first_chunk_mut::<N>());
    let bytes = at.ok_or_else(|| format!("the relocation at offset {place:#x} lies outside the kernel"))?;
    *bytes = new(*bytes).ok_or_else(|| format!("the value at offset {place:#x} cannot be relocated"))?;
    Ok(())
}

#[cfg(test)]
mod tests;
