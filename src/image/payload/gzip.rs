//! gzip (RFC 1952), as `gzip -n -f -9` writes it.

use super::stream::{Sink, pump};
use super::{ends, read_all};
use flate2::bufread::GzDecoder;

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut decoder = GzDecoder::new(stream);
    let content = read_all(&mut decoder, size)?;
    ends(decoder.get_ref())?;
    Ok(content)
}

pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    let mut decoder = GzDecoder::new(*rest);
    pump(&mut decoder, sink)?;
    *rest = decoder.into_inner();
    Ok(())
}
