//! LZO in the frame of `lzop -9` (lib/decompress_unlzo.c): a header, then blocks, each after its two lengths, up to a length of
//! zero. As in the kernel, checksums are skipped.

use super::stream::Sink;
use super::{ends, reserve, take};
use lzo::decompress_into;

pub(super) const MAGIC: &[u8] = &[0x89, b'L', b'Z', b'O', 0, 0x0d, 0x0a, 0x1a, 0x0a];
/// From this version on, the header has the version that is needed, the level, and a time of 64 bits.
const NEWER: u16 = 0x0940;
/// The longest block that lzop reads.
const LONGEST: usize = 64 << 20;

/// Bits of the header's flags.
mod flags {
    pub(super) const ADLER32_CONTENT: u32 = 1;
    pub(super) const ADLER32_PACKED: u32 = 1 << 1;
    pub(super) const CRC32_CONTENT: u32 = 1 << 8;
    pub(super) const CRC32_PACKED: u32 = 1 << 9;
    pub(super) const EXTRA_FIELD: u32 = 1 << 6;
    pub(super) const FILTER: u32 = 1 << 11;
}

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut rest = stream.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let checksums = Checksums::of(header(&mut rest)?)?;
    let mut content = reserve(size)?;
    loop {
        let length = number(&mut rest)?;
        if length == 0 {
            break;
        }
        let packed = number(&mut rest)?;
        take(&mut rest, if packed < length { checksums.packed } else { checksums.stored })?;
        let block = take(&mut rest, packed)?;
        let start = content.len();
        let end =
            start.checked_add(length).filter(|end| *end <= size).ok_or("it unpacks to more bytes than it states")?;
        if packed == length {
            content.extend_from_slice(block);
            continue;
        }
        content.resize(end, 0);
        let room = content.get_mut(start..).unwrap_or_default();
        let written = decompress_into(block, room).map_err(|error| error.to_string())?;
        if written != length {
            return Err(format!("a block has {written} bytes, wanted {length}"));
        }
    }
    ends(rest)?;
    if content.len() != size {
        return Err(format!("it unpacks to {} bytes, and states {size}", content.len()));
    }
    Ok(content)
}

pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    *rest = rest.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let checksums = Checksums::of(header(rest)?)?;
    let mut room = Vec::new();
    loop {
        let length = number(rest)?;
        if length == 0 {
            return Ok(());
        }
        if length > LONGEST {
            return Err(format!("a block has {length} bytes, at most {LONGEST}"));
        }
        let packed = number(rest)?;
        take(rest, if packed < length { checksums.packed } else { checksums.stored })?;
        let block = take(rest, packed)?;
        if packed == length {
            sink(block)?;
            continue;
        }
        if room.len() < length {
            room.resize(length, 0);
        }
        let target = room.get_mut(..length).unwrap_or_default();
        let written = decompress_into(block, target).map_err(|error| error.to_string())?;
        if written != length {
            return Err(format!("a block has {written} bytes, wanted {length}"));
        }
        sink(target)?;
    }
}

/// Reads the header behind the magic number; its flags.
fn header(rest: &mut &[u8]) -> Result<u32, String> {
    let version = take(rest, 2)?.first_chunk().copied().map(u16::from_be_bytes).unwrap_or_default();
    // The library's version, the version needed, the method, the level.
    take(rest, if version < NEWER { 3 } else { 6 })?;
    let flags = u32::try_from(number(rest)?).unwrap_or(u32::MAX);
    if flags & (flags::EXTRA_FIELD | flags::FILTER) != 0 {
        return Err(format!("its flags are {flags:#x}: it has a filter or an extra field"));
    }
    // The file's mode, its time.
    take(rest, if version < NEWER { 8 } else { 12 })?;
    let name = take(rest, 1)?.first().copied().map_or(0, usize::from);
    take(rest, name)?;
    // The header's own checksum.
    take(rest, 4)?;
    Ok(flags)
}

/// Bytes of checksums between the lengths of a block and its data.
struct Checksums {
    /// In a block that is compressed.
    packed: usize,
    /// In a block that is stored as it is.
    stored: usize,
}

impl Checksums {
    fn of(flags: u32) -> Result<Self, String> {
        let bytes = |mask: u32| usize::try_from((flags & mask).count_ones()).map(|count| count.saturating_mul(4));
        let all = flags::ADLER32_CONTENT | flags::CRC32_CONTENT | flags::ADLER32_PACKED | flags::CRC32_PACKED;
        let sizes = bytes(all).and_then(|packed| Ok((packed, bytes(flags::ADLER32_CONTENT | flags::CRC32_CONTENT)?)));
        let (packed, stored) = sizes.map_err(|error| error.to_string())?;
        Ok(Self { packed, stored })
    }
}

fn number(rest: &mut &[u8]) -> Result<usize, String> {
    let bytes = take(rest, 4)?.first_chunk().copied().unwrap_or_default();
    usize::try_from(u32::from_be_bytes(bytes)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
