//! LZ4 in its legacy frame, as `lz4 -l -9` writes it: a magic number, then blocks of 8 MiB before compression, each after its
//! compressed length (lib/decompress_unlz4.c). There is no checksum.

use super::stream::Sink;
use super::{reserve, take};
use lz4_flex::block::decompress_into;

pub(super) const MAGIC: &[u8] = &[0x02, 0x21, 0x4c, 0x18];
/// `LZ4_DEFAULT_UNCOMPRESSED_CHUNK_SIZE`.
const BLOCK: usize = 8 << 20;
/// The longest block after compression.
const LONGEST: usize = BLOCK + BLOCK / 255 + 16;

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut rest = stream.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let mut content = reserve(size)?;
    while !rest.is_empty() {
        let length = take(&mut rest, 4)?.first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default();
        let block = take(&mut rest, usize::try_from(length).unwrap_or(usize::MAX))?;
        let start = content.len();
        // Every block but the last is full.
        let full = size.saturating_sub(start).min(BLOCK);
        content.resize(start.saturating_add(full), 0);
        let room = content.get_mut(start..).unwrap_or_default();
        let written = decompress_into(block, room).map_err(|error| error.to_string())?;
        if written != full || full == 0 {
            return Err(format!("a block has {written} bytes, wanted {full}"));
        }
    }
    if content.len() != size {
        return Err(format!("it unpacks to {} bytes, and states {size}", content.len()));
    }
    Ok(content)
}

/// As in the kernel, the magic number may stand again before a block. What cannot be a block's length ends the stream.
pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    *rest = rest.strip_prefix(MAGIC).ok_or("it has no magic number")?;
    let mut room = vec![0; BLOCK];
    loop {
        *rest = rest.strip_prefix(MAGIC).unwrap_or(rest);
        let length = rest.first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 || length > LONGEST {
            return Ok(());
        }
        take(rest, 4)?;
        let written = decompress_into(take(rest, length)?, &mut room).map_err(|error| error.to_string())?;
        if written == 0 {
            return Err("a block is empty".to_owned());
        }
        sink(room.get(..written).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_length_ends_the_stream() {
        let rows = [
            (0, Ok(())),
            // A block of 8 MiB has at most 32896 + 16 more bytes after compression. Those of this one are missing.
            (8_421_520, Err("it is cut short".to_owned())),
            (8_421_521, Ok(())),
            (usize::try_from(u32::MAX).unwrap(), Ok(())),
        ];
        for (length, wanted) in rows {
            let behind = u32::try_from(length).unwrap().to_le_bytes();
            let stream = [MAGIC, &behind].concat();
            let mut rest = &stream[..];
            let ended = each(&mut rest, &mut |_| Ok(()));
            assert!(ended.is_err() || rest == behind, "{length:#x}");
            assert_eq!(ended, wanted, "{length:#x}");
        }
    }
}
