//! bzip2, as `bzip2 -9` writes it.

use super::stream::{Sink, pump};
use super::{ends, read_all};
use bzip2::bufread::BzDecoder;

pub(super) fn unpack(stream: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut decoder = BzDecoder::new(stream);
    let content = read_all(&mut decoder, size)?;
    ends(decoder.get_ref())?;
    Ok(content)
}

pub(super) fn each(rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
    let mut decoder = BzDecoder::new(*rest);
    pump(&mut decoder, sink)?;
    *rest = decoder.into_inner();
    Ok(())
}
