//! Lists for tests.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

use super::Guid;

pub(crate) const X509: Guid = super::X509;
pub(crate) const SHA256: Guid = super::SHA256;
pub(crate) const X509_SHA256: Guid = super::X509_SHA256;
pub(crate) const SHA1: Guid = *b"\x12\xa5\x6c\x82\x10\xcf\xc9\x4a\xb1\x87\xbe\x01\x49\x66\x31\xbd";

/// A list of entries of one size.
pub(crate) fn list(kind: Guid, entries: &[&[u8]]) -> Vec<u8> {
    let size = 16 + entries.first().map_or(0, |entry| entry.len());
    raw(kind, u32::try_from(28 + size * entries.len()).unwrap(), 0, u32::try_from(size).unwrap(), entries)
}

/// A list with sizes that may be wrong.
pub(crate) fn raw(kind: Guid, list: u32, header: u32, element: u32, entries: &[&[u8]]) -> Vec<u8> {
    let sizes = [list, header, element].map(u32::to_le_bytes).concat();
    let entries: Vec<u8> = entries.iter().flat_map(|entry| [&[0xee; 16], *entry].concat()).collect();
    [&kind[..], &sizes, &entries].concat()
}
