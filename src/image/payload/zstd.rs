//! Zstandard (RFC 8878), as `zstd -22 --ultra` writes it: one frame, which ends with a checksum.

use super::stream::{Sink, pump};
use super::{MAX_WINDOW, ends, read_all, reserve};
use ruzstd::decoding::StreamingDecoder;

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    // The decoder keeps a window, which it copies as it grows, and does not take into account that there is no memory for that.
    let windows = size.min(usize::try_from(MAX_WINDOW).unwrap_or(usize::MAX)).saturating_mul(2);
    drop(reserve(size.saturating_add(windows))?);
    let mut rest = stream;
    let decoder = StreamingDecoder::new_with_max_window_size(&mut rest, MAX_WINDOW.into());
    let mut decoder = decoder.map_err(|error| error.to_string())?;
    let content = read_all(&mut decoder, size)?;
    let frame = decoder.into_frame_decoder();
    // The decoder computes it and leaves the comparison to us.
    let stored = frame.get_checksum_from_data();
    if stored.is_some() && stored != frame.get_calculated_checksum() {
        return Err("its checksum does not match".to_owned());
    }
    ends(rest)?;
    Ok(content)
}

pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    let decoder = StreamingDecoder::new_with_max_window_size(&mut *rest, MAX_WINDOW.into());
    pump(&mut decoder.map_err(|error| error.to_string())?, sink)
}
