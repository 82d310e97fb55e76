//! The digest of a PE file as Linux computes it: `pefile_digest_pe_contents` in crypto/asymmetric_keys/verify_pefile.c.
//! This is a second implementation, by offsets, so that skexec's own is not tested against itself.

use crate::hash::Hash;
use crate::pe::{get16, get32};

/// The bytes of a file without a certificate table that are hashed.
///
/// If there is a gap between sections, the kernel counts bytes instead of offsets: it skips the gap and hashes as many bytes at
/// the end a second time. This is why the real kernel accepts case A039.
#[must_use]
pub fn hashed(file: &[u8]) -> Vec<u8> {
    let pe = get32(file, 0x3c) as usize;
    let optional = pe + 24;
    let fixed = if get16(file, optional) == 0x10b { 96 } else { 112 };
    let headers = get32(file, optional + 60) as usize;
    let directories = get32(file, optional + fixed - 4) as usize;
    let certificate = optional + fixed + 4 * 8;
    let mut out = file[..optional + 64].to_vec();
    out.extend(&file[optional + 68..certificate]);
    out.extend(&file[certificate + 8..headers]);
    let table = optional + fixed + directories * 8;
    let mut counted = headers;
    for (offset, size) in sections(file, table, usize::from(get16(file, pe + 6))) {
        out.extend(&file[offset..offset + size]);
        counted += size;
    }
    out.extend(file.get(counted..).unwrap_or_default());
    out
}

#[must_use]
pub fn digest(file: &[u8], hash: Hash) -> Vec<u8> {
    hash.of(&hashed(file))
}

/// Offset and size of each section with bytes in the file, in file order.
fn sections(file: &[u8], table: usize, count: usize) -> Vec<(usize, usize)> {
    let row = |i: usize| (get32(file, table + i * 40 + 20) as usize, get32(file, table + i * 40 + 16) as usize);
    let mut rows: Vec<_> = (0..count).map(row).filter(|&(_, size)| size > 0).collect();
    rows.sort_unstable();
    rows
}
