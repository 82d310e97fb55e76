//! The headers of the PE and the wrapper around the signature (`crypto/asymmetric_keys/verify_pefile.c`).

use super::errno::Errno;
use super::stop::{Hazard, Stop};

const DOS_HEADER: u64 = 64;
const PE_HEADER: u64 = 24;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const CHECKSUM: u64 = 64;
const SIZE_OF_HEADERS: u64 = 60;
const SECURITY_DIRECTORY: u64 = 4;
const WIN_CERTIFICATE: u32 = 8;

/// The fields that `pefile_parse_binary` keeps, in the kernel's integer widths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) size: u32,
    pub(super) checksum: u64,
    pub(super) security_entry: u64,
    pub(super) table: u32,
    pub(super) table_size: u32,
    pub(super) sections: u64,
    pub(super) section_count: u16,
}

/// The range of the PKCS#7 message according to the headers; it may extend past the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) offset: u64,
    pub(super) len: u32,
}

impl Wrapped {
    /// All bytes from the message on, and how many of them the message claims.
    pub(super) fn of(self, bytes: &[u8]) -> Result<(&[u8], usize), Hazard> {
        let offset = usize::try_from(self.offset).map_err(|_| Hazard::Oops)?;
        let claimed = usize::try_from(self.len).map_err(|_| Hazard::Oops)?;
        Ok((bytes.get(offset..).ok_or(Hazard::Oops)?, claimed))
    }
}

/// `N` bytes that the kernel reads; past the end of the file it reads memory that is not the file's.
pub(super) fn read<const N: usize>(bytes: &[u8], at: u64) -> Result<[u8; N], Hazard> {
    let at = usize::try_from(at).map_err(|_| Hazard::Oops)?;
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().ok_or(Hazard::Oops)
}

pub(super) fn read_u16(bytes: &[u8], at: u64) -> Result<u16, Hazard> {
    read(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn read_u32(bytes: &[u8], at: u64) -> Result<u32, Hazard> {
    read(bytes, at).map(u32::from_le_bytes)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The bounds check of that function, which refuses a length that equals the file's.
fn fits(bytes: &[u8], least: u64, at: u64, size: u64) -> Result<(), Errno> {
    let room = length(bytes).checked_sub(size).filter(|room| *room > 0);
    if at >= least && room.is_some_and(|room| at <= room) { Ok(()) } else { Err(Errno::Libbad) }
}

/// `verify_pefile.c:pefile_parse_binary`.
pub(super) fn pefile_parse_binary(bytes: &[u8]) -> Result<Headers, Stop> {
    fits(bytes, 0, 0, DOS_HEADER)?;
    if &read::<2>(bytes, 0)? != b"MZ" {
        return Err(Errno::Libbad.into());
    }
    let pe = u64::from(read_u32(bytes, 0x3c)?);
    fits(bytes, DOS_HEADER, pe, PE_HEADER)?;
    if &read::<4>(bytes, pe)? != b"PE\0\0" {
        return Err(Errno::Libbad.into());
    }
    let optional = pe.saturating_add(PE_HEADER);
    fits(bytes, 0, optional, 2)?;
    // The kernel ignores SizeOfOptionalHeader: the magic decides the size of the fixed part.
    let fixed = match read_u16(bytes, optional)? {
        PE32 => 96,
        PE32_PLUS => 112,
        _ => return Err(Errno::Libbad.into()),
    };
    fits(bytes, 0, optional, fixed)?;
    let directories = optional.saturating_add(fixed);
    let size = read_u32(bytes, optional.saturating_add(SIZE_OF_HEADERS))?;
    let count = read_u32(bytes, directories.saturating_sub(4))?;
    if directories >= u64::from(size) || u64::from(size) >= length(bytes) {
        return Err(Errno::Libbad.into());
    }
    let section_table = end_of_array(directories, u64::from(count), 8, size)?;
    // The kernel does not check the count first: with fewer than five directories it reads another place, perhaps past the end.
    let security_entry = directories.saturating_add(SECURITY_DIRECTORY.saturating_mul(8));
    let table = read_u32(bytes, security_entry)?;
    let table_size = read_u32(bytes, security_entry.saturating_add(4))?;
    if table == 0 || table_size == 0 {
        return Err(Errno::Nodata.into());
    }
    fits(bytes, u64::from(size), u64::from(table), u64::from(table_size))?;
    let section_count = read_u16(bytes, pe.saturating_add(6))?;
    end_of_array(section_table, u64::from(section_count), 40, size)?;
    let checksum = optional.saturating_add(CHECKSUM);
    Ok(Headers { size, checksum, security_entry, table, table_size, sections: section_table, section_count })
}

/// The end of an array with this number of entries, which must be within the headers.
fn end_of_array(start: u64, count: u64, entry: u64, headers: u32) -> Result<u64, Errno> {
    let end = start.saturating_add(count.saturating_mul(entry));
    if end > u64::from(headers) { Err(Errno::Libbad) } else { Ok(end) }
}

/// `verify_pefile.c:pefile_strip_sig_wrapper`: only the table's first entry is ever looked at.
pub(super) fn pefile_strip_sig_wrapper(bytes: &[u8], headers: &Headers) -> Result<Wrapped, Stop> {
    if headers.table_size < WIN_CERTIFICATE {
        return Err(Errno::Libbad.into());
    }
    let table = u64::from(headers.table);
    let claimed = read_u32(bytes, table)?;
    if claimed > headers.table_size {
        return Err(Errno::Libbad.into());
    }
    let revision = read_u16(bytes, table.saturating_add(4))?;
    let kind = read_u16(bytes, table.saturating_add(6))?;
    if revision != 0x0200 || kind != 0x0002 {
        return Err(Errno::Notsupp.into());
    }
    // A length below that of the wrapper itself wraps around to a huge number.
    let len = claimed.wrapping_sub(WIN_CERTIFICATE);
    if len < 4 {
        return Err(Errno::Keyrejected.into());
    }
    let offset = table.saturating_add(u64::from(WIN_CERTIFICATE));
    Ok(Wrapped { offset, len: message_length(bytes, offset, len)? })
}

/// The length of the outermost element, of the `room` bytes that the wrapper has; the rest is padding or junk.
fn message_length(bytes: &[u8], offset: u64, room: u32) -> Result<u32, Stop> {
    let at = |index| read::<1>(bytes, offset.saturating_add(index)).map(|[byte]| u32::from(byte));
    if at(0)? != 0x30 {
        return Err(Errno::Libbad.into());
    }
    let len = match at(1)? {
        short @ 0..=0x7f => short.saturating_add(2),
        0x80 => return Ok(room),
        0x81 => at(2)?.saturating_add(3),
        0x82 => at(2)?.saturating_mul(256).saturating_add(at(3)?).saturating_add(4),
        _ => return Err(Errno::Msgsize.into()),
    };
    if len > room { Err(Errno::Libbad.into()) } else { Ok(len) }
}

#[cfg(test)]
mod tests;
