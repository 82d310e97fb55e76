//! LZ4 in its legacy frame, as `lz4 -l -9` writes it: a magic number, then blocks of 8 MiB before compression, each after its
//! compressed length (lib/decompress_unlz4.c). There is no checksum.

use super::{reserve, take};
use lz4_flex::block::decompress_into;

pub(super) const MAGIC: &[u8] = &[0x02, 0x21, 0x4c, 0x18];
/// `LZ4_DEFAULT_UNCOMPRESSED_CHUNK_SIZE`.
const BLOCK: usize = 8 << 20;

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
