//! The block of an xz stream: its header, and its data.

use super::super::stream::{Sink, pump};
use super::super::{MAX_DECODER_KIB, dictionary, read_all, take};
use super::{checked, integer};
use lzma_rust2::Lzma2Reader;
use lzma_rust2::filter::bcj::BcjReader;

const FILTER_X86: u64 = 0x04;
const FILTER_LZMA2: u64 = 0x21;

/// What a block's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    packed: Option<u64>,
    unpacked: Option<u64>,
    /// Whether LZMA2 stands behind the filter for x86.
    filtered: bool,
    /// Bytes.
    dictionary: u32,
}

impl Block {
    /// Reads the header of the block; its length in bytes.
    pub(super) fn parse(rest: &mut &[u8]) -> Result<(Self, usize), String> {
        let start = *rest;
        let words = start.first().copied().filter(|words| *words != 0).ok_or("it has no block")?;
        let length = usize::from(words).saturating_mul(4);
        let header = take(rest, length)?;
        checked(header, rest)?;
        let mut fields = header.get(1..).unwrap_or_default();
        let block = Self::fields(&mut fields)?;
        if fields.iter().any(|byte| *byte != 0) {
            return Err("the padding of its block's header is not zero".to_owned());
        }
        Ok((block, length.saturating_add(4)))
    }

    fn fields(fields: &mut &[u8]) -> Result<Self, String> {
        let flags = take(fields, 1)?.first().copied().unwrap_or_default();
        if flags & 0x3c != 0 {
            return Err(format!("its block's flags are {flags:#x}"));
        }
        let packed = if flags & 0x40 == 0 { None } else { Some(integer(fields)?) };
        let unpacked = if flags & 0x80 == 0 { None } else { Some(integer(fields)?) };
        let filtered = match flags & 3 {
            0 => false,
            1 => x86(fields)?,
            more => return Err(format!("it has {more} filters before LZMA2")),
        };
        Ok(Self { packed, unpacked, filtered, dictionary: lzma2(fields)? })
    }

    /// Unpacks the block's data to exactly `size` bytes; also the length of the data.
    pub(super) fn unpack(&self, rest: &mut &[u8], size: usize) -> Result<(Vec<u8>, usize), String> {
        dictionary(self.dictionary)?;
        let whole = rest.len();
        let decoder = Lzma2Reader::new_mem_limit(&mut *rest, self.dictionary, MAX_DECODER_KIB, None);
        let decoder = decoder.map_err(|error| error.to_string())?;
        let content =
            if self.filtered { read_all(BcjReader::new_x86(decoder, 0), size) } else { read_all(decoder, size) }?;
        let packed = whole.saturating_sub(rest.len());
        let says = |stated: Option<u64>, length| stated.is_none_or(|stated| usize::try_from(stated) == Ok(length));
        if says(self.packed, packed) && says(self.unpacked, size) {
            Ok((content, packed))
        } else {
            Err("its block has another length than it states".to_owned())
        }
    }
}

impl Block {
    /// Unpacks the block's data piece by piece; the length of the data.
    pub(super) fn each(&self, rest: &mut &[u8], sink: Sink<'_>) -> Result<usize, String> {
        dictionary(self.dictionary)?;
        let whole = rest.len();
        let decoder = Lzma2Reader::new_mem_limit(&mut *rest, self.dictionary, MAX_DECODER_KIB, None);
        let mut decoder = decoder.map_err(|error| error.to_string())?;
        if self.filtered { pump(&mut BcjReader::new_x86(decoder, 0), sink) } else { pump(&mut decoder, sink) }?;
        Ok(whole.saturating_sub(rest.len()))
    }
}

/// The filter for calls and jumps of x86, without an offset.
fn x86(fields: &mut &[u8]) -> Result<bool, String> {
    match (integer(fields)?, integer(fields)?) {
        (FILTER_X86, 0) => Ok(true),
        (filter, _) => Err(format!("its first filter is {filter:#x}, not that for x86")),
    }
}

/// LZMA2; the size of its dictionary in bytes.
fn lzma2(fields: &mut &[u8]) -> Result<u32, String> {
    if (integer(fields)?, integer(fields)?) != (FILTER_LZMA2, 1) {
        return Err("its last filter is not LZMA2".to_owned());
    }
    match take(fields, 1)?.first().copied().map(u32::from) {
        Some(40) => Ok(u32::MAX),
        // The exponent is at most 30.
        Some(bits @ 0..40) => Ok((2 | (bits & 1)) << (bits >> 1).saturating_add(11)),
        _ => Err("the size of its dictionary is malformed".to_owned()),
    }
}
