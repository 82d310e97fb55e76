//! LZMA alone, as `lzma -9` writes it: properties, size of the dictionary, length or -1, data with an end marker.

use super::super::bytes::u32_at;
use super::stream::{Sink, behind, pump};
use super::{MAX_DECODER_KIB, dictionary, ends, read_all};
use lzma_rust2::LzmaReader;

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut decoder = decoder(stream)?;
    let content = read_all(&mut decoder, size)?;
    let (rest, unused) = decoder.into_parts();
    ends(&unused)?;
    ends(rest)?;
    Ok(content)
}

pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    let mut decoder = decoder(rest)?;
    pump(&mut decoder, sink)?;
    let (after, unused) = decoder.into_parts();
    *rest = behind(rest, after.len().saturating_add(unused.len()));
    Ok(())
}

fn decoder(stream: &[u8]) -> Result<LzmaReader<&[u8]>, String> {
    dictionary(u32_at(stream, 1).ok_or("it is cut short")?)?;
    let decoder = LzmaReader::new_mem_limit(stream, MAX_DECODER_KIB, None);
    let mut decoder = decoder.map_err(|error| error.to_string())?;
    decoder.set_relaxed_end_condition(false);
    Ok(decoder)
}
