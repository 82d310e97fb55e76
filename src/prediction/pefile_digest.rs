//! Which bytes of the image the kernel hashes, and which images crash it then (`verify_pefile.c:pefile_digest_pe`).

use super::errno::Errno;
use super::mscode::ImageDigest;
use super::pefile::{Headers, read, read_u32};
use super::stop::{Hazard, Stop};
use crate::digest::Hashed;
use std::cmp::Ordering;
use std::ops::Range;

const SECTION: u64 = 40;

/// The fields of a section header that take part.
#[derive(Debug, Clone, Copy)]
struct Section {
    header: u64,
    virtual_size: u32,
    address: u32,
    size: u32,
    offset: u32,
}

/// `verify_pefile.c:pefile_digest_pe_contents`: the ranges that the kernel hashes, in order, each within the file.
pub(super) fn pefile_digest_pe_contents(bytes: &[u8], headers: &Headers) -> Result<Vec<Range<usize>>, Stop> {
    let mut sections = sections(bytes, headers)?;
    // The kernel writes to the first element of an array of as many elements as there are sections.
    if sections.is_empty() {
        return Err(Hazard::Oops.into());
    }
    let after_checksum = headers.checksum.saturating_add(4);
    let after_entry = headers.security_entry.saturating_add(8);
    let mut ranges = vec![
        span(bytes, 0, headers.checksum)?,
        span(bytes, after_checksum, headers.security_entry)?,
        // With few directories the entry may lie after the headers: the length wraps around.
        span(bytes, after_entry, u64::from(headers.size))?,
    ];
    sections.sort_by(|one, two| order(bytes, one, two));
    let mut hashed = headers.size;
    for section in sections.iter().filter(|section| section.size != 0) {
        let start = u64::from(section.offset);
        ranges.push(span(bytes, start, start.saturating_add(u64::from(section.size)))?);
        // Sections may overlap; where their sum wraps around, the kernel hashes for minutes without a pause.
        hashed = hashed.checked_add(section.size).ok_or(Hazard::Oops)?;
    }
    let hashed = u64::from(hashed);
    let len = u64::try_from(bytes.len()).map_err(|_| Errno::Fbig)?;
    if len > hashed {
        let rest = len.checked_sub(u64::from(headers.table_size)).filter(|end| *end >= hashed);
        // The rest must be at least as long as the certificate table, wherever that is.
        let end = rest.ok_or(Errno::Libbad)?;
        ranges.push(span(bytes, hashed, end)?);
    }
    Ok(ranges)
}

/// `verify_pefile.c:pefile_digest_pe`: the kernel compares the digest of these ranges with the signed one.
pub(super) fn pefile_digest_pe<B: AsRef<[u8]>>(
    file: &Hashed<B>,
    ranges: &[Range<usize>],
    signed: &ImageDigest<'_>,
) -> Result<(), Errno> {
    let digest = signed.hash.digest_of_file(file, ranges).ok_or(Errno::Nopkg)?;
    if digest == signed.value { Ok(()) } else { Err(Errno::Keyrejected) }
}

fn span(bytes: &[u8], start: u64, end: u64) -> Result<Range<usize>, Hazard> {
    let start = usize::try_from(start).map_err(|_| Hazard::Oops)?;
    let end = usize::try_from(end).map_err(|_| Hazard::Oops)?;
    bytes.get(start..end).map(|_| start..end).ok_or(Hazard::Oops)
}

fn sections(bytes: &[u8], headers: &Headers) -> Result<Vec<Section>, Hazard> {
    let mut sections = Vec::new();
    for index in 0..u64::from(headers.section_count) {
        let header = headers.sections.saturating_add(index.saturating_mul(SECTION));
        sections.push(Section {
            header,
            virtual_size: read_u32(bytes, header.saturating_add(8))?,
            address: read_u32(bytes, header.saturating_add(12))?,
            size: read_u32(bytes, header.saturating_add(16))?,
            offset: read_u32(bytes, header.saturating_add(20))?,
        });
    }
    Ok(sections)
}

/// `verify_pefile.c:pefile_compare_shdrs`; the names are compared as strings, which may run on past their field.
fn order(bytes: &[u8], one: &Section, two: &Section) -> Ordering {
    let by_place = (one.offset, one.address).cmp(&(two.offset, two.address));
    by_place
        .then_with(|| string_order(bytes, one.header, two.header))
        .then_with(|| (one.virtual_size, one.size).cmp(&(two.virtual_size, two.size)))
}

/// Two headers without a NUL that agree to their last byte are the same section twice: their order makes no difference.
fn string_order(bytes: &[u8], one: u64, two: u64) -> Ordering {
    for index in 0..SECTION {
        let at = |start: u64| read::<1>(bytes, start.saturating_add(index)).map_or(0, |[byte]| byte);
        let (left, right) = (at(one), at(two));
        if left != right || left == 0 {
            return left.cmp(&right);
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests;
