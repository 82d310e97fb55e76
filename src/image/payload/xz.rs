//! xz (the .xz file format 1.2.1), as scripts/xz_wrap.sh writes it: one stream with one block, LZMA2 behind the filter for x86,
//! and CRC32 or no check, the two that lib/xz knows. The frame is parsed here; the decoders are lzma-rust2's.

mod block;

use super::stream::Sink;
use super::{ends, take};
use block::Block;
use flate2::Crc;

pub(super) const MAGIC: &[u8] = b"\xfd7zXZ\0";
const FOOTER_MAGIC: &[u8] = b"YZ";

/// How a block is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    None,
    Crc32,
}

impl Check {
    const fn length(self) -> usize {
        match self {
            Self::None => 0,
            Self::Crc32 => 4,
        }
    }
}

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut rest = stream.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let flags = take(&mut rest, 2)?;
    checked(flags, &mut rest)?;
    let check = match flags {
        [0, 0] => Check::None,
        [0, 1] => Check::Crc32,
        _ => return Err(format!("its stream flags are {}", flags.escape_ascii())),
    };
    let (block, header) = Block::parse(&mut rest)?;
    let (content, packed) = block.unpack(&mut rest, size)?;
    padded(&mut rest, packed)?;
    let sum = take(&mut rest, check.length())?;
    if check == Check::Crc32 && sum != crc32(&content) {
        return Err("its CRC32 does not match".to_owned());
    }
    let unpadded = header.saturating_add(packed).saturating_add(check.length());
    let index = index(&mut rest, unpadded, size)?;
    footer(&mut rest, index, flags)?;
    ends(rest)?;
    Ok(content)
}

/// A stream of any number of blocks, with any check. The checks of the content are skipped.
pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    *rest = rest.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let flags = take(rest, 2)?;
    checked(flags, rest)?;
    let check = match flags {
        [0, 0] => 0,
        // Three kinds have the same length each: 4, 8, 16, 32 and 64 bytes.
        [0, kind @ 1..=15] => 4_usize << (kind.saturating_sub(1) / 3),
        _ => return Err(format!("its stream flags are {}", flags.escape_ascii())),
    };
    while rest.first().is_some_and(|words| *words != 0) {
        let (block, _) = Block::parse(rest)?;
        let packed = block.each(rest, sink)?;
        padded(rest, packed)?;
        take(rest, check)?;
    }
    let whole = *rest;
    let (_, count) = (integer(rest)?, integer(rest)?);
    for _ in 0..count {
        integer(rest)?;
        integer(rest)?;
    }
    padded(rest, whole.len().saturating_sub(rest.len()))?;
    // The index's checksum, the footer.
    take(rest, 4 + 12).map(drop)
}

/// The index must list this one block. Returns its own length in bytes.
fn index(rest: &mut &[u8], unpadded: usize, size: usize) -> Result<usize, String> {
    let whole = *rest;
    let listed = [integer(rest)?, integer(rest)?, integer(rest)?, integer(rest)?];
    let [indicator, count, lengths @ ..] = listed;
    if (indicator, count) != (0, 1) {
        return Err("it has more than one block".to_owned());
    }
    if lengths.map(usize::try_from) != [Ok(unpadded), Ok(size)] {
        return Err("its index does not match its block".to_owned());
    }
    padded(rest, whole.len().saturating_sub(rest.len()))?;
    let length = whole.len().saturating_sub(rest.len());
    checked(whole.get(..length).unwrap_or_default(), rest)?;
    Ok(length.saturating_add(4))
}

fn footer(rest: &mut &[u8], index: usize, flags: &[u8]) -> Result<(), String> {
    let mut sum = take(rest, 4)?;
    let body = take(rest, 6)?;
    checked(body, &mut sum)?;
    let backward = body.first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default();
    let stored = u64::from(backward).saturating_add(1).saturating_mul(4);
    if usize::try_from(stored) != Ok(index) || body.get(4..) != Some(flags) || take(rest, 2)? != FOOTER_MAGIC {
        return Err("its footer does not match".to_owned());
    }
    Ok(())
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}

/// Checks bytes against the CRC32 that follows.
fn checked(bytes: &[u8], rest: &mut &[u8]) -> Result<(), String> {
    if take(rest, 4)? == crc32(bytes) { Ok(()) } else { Err("a CRC32 of its headers does not match".to_owned()) }
}

/// Takes the zeros that fill up `length` bytes to a multiple of four.
fn padded(rest: &mut &[u8], length: usize) -> Result<(), String> {
    let padding = length.next_multiple_of(4).saturating_sub(length);
    let zeros = take(rest, padding)?.iter().all(|byte| *byte == 0);
    if zeros { Ok(()) } else { Err("its padding is not zero".to_owned()) }
}

/// An integer of variable length: seven bits in each byte, the lowest first; at most nine bytes.
fn integer(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = take(rest, 1)?.first().copied().unwrap_or_default();
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            // No integer ends with a zero byte, except zero itself.
            return if byte == 0 && shift != 0 { Err("an integer is malformed".to_owned()) } else { Ok(value) };
        }
    }
    Err("an integer is malformed".to_owned())
}

#[cfg(test)]
mod tests;
