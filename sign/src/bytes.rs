//! Little-endian fields of a file, at an offset.

use std::ops::Range;

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Overwrites a field, which a parse found within the file.
pub(crate) fn put(bytes: &mut [u8], range: &Range<usize>, value: &[u8]) {
    if let Some(field) = bytes.get_mut(range.clone()).filter(|field| field.len() == value.len()) {
        field.copy_from_slice(value);
    }
}

/// Overwrites as many bytes as the value has, from an offset on.
pub(crate) fn put_at(bytes: &mut [u8], offset: usize, value: &[u8]) {
    put(bytes, &(offset..offset.saturating_add(value.len())), value);
}
