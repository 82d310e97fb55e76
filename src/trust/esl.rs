//! EFI signature lists (UEFI 32.4.1): the format of `db`, `dbx` and shim's lists.
//!
//! The bounds are those that the kernel checks (certs, `efi_parser.c`). Where the kernel ignores the rest of a variable, this parser
//! refuses the whole variable, and the caller decides what follows from that.

use crate::digest::Algorithm;
use std::fmt;

/// A GUID that names a kind of entry: 16 bytes, as in a list.
pub type Guid = [u8; 16];

/// SignatureType, SignatureListSize, SignatureHeaderSize, SignatureSize.
const LIST_HEADER: usize = 28;
/// SignatureOwner, before the data of each entry.
const OWNER: usize = 16;
/// EFI_TIME, after the hash of each revoked certificate (UEFI 8.3).
pub(super) const TIME: usize = 16;

/// EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072.
pub(crate) const X509: Guid = *b"\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
/// EFI_CERT_SHA256_GUID, c1c41626-504c-4092-aca9-41f936934328.
pub(crate) const SHA256: Guid = *b"\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28";
/// EFI_CERT_X509_SHA256_GUID, 3bd2a492-96c0-4079-b420-fcf98ef103ed.
pub(crate) const X509_SHA256: Guid = *b"\x92\xa4\xd2\x3b\xc0\x96\x79\x40\xb4\x20\xfc\xf9\x8e\xf1\x03\xed";
/// EFI_CERT_X509_SHA384_GUID, 7076876e-80c2-4ee6-aad2-28b349a6865b.
pub(crate) const X509_SHA384: Guid = *b"\x6e\x87\x76\x70\xc2\x80\xe6\x4e\xaa\xd2\x28\xb3\x49\xa6\x86\x5b";
/// EFI_CERT_X509_SHA512_GUID, 446dbf63-2502-4cda-bcfa-2465d2b0fe9d.
pub(crate) const X509_SHA512: Guid = *b"\x63\xbf\x6d\x44\x02\x25\xda\x4c\xbc\xfa\x24\x65\xd2\xb0\xfe\x9d";

/// One entry of a list, or a whole list of entries of an unsupported kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A DER certificate; not parsed.
    X509(&'a [u8]),
    /// The Authenticode SHA-256 of an image.
    Image([u8; 32]),
    /// The hash of a TBSCertificate.
    Tbs {
        /// The algorithm of the hash.
        algorithm: Algorithm,
        hash: &'a [u8],
        /// Whether a time of revocation follows the hash. The time itself does not count: without a trusted timestamp no
        /// signature can be proved to be older.
        timed: bool,
    },
    /// Entries of another kind, with their number.
    Other(Guid, usize),
}

/// A malformed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The offset of the malformed list in bytes.
    pub offset: usize,
    /// The rule that it breaks.
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the EFI signature list at {:#x}: {}", self.offset, self.what)
    }
}

impl std::error::Error for Malformed {}

/// Whether bytes start like a list of a supported kind.
#[must_use]
pub fn claimed_by(bytes: &[u8]) -> bool {
    [X509, SHA256, X509_SHA256, X509_SHA384, X509_SHA512].iter().any(|kind| bytes.starts_with(kind))
}

/// Parses all lists of a variable or a file. Empty input is a variable without lists.
///
/// # Errors
/// The first rule that is broken.
pub fn parse(bytes: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len().saturating_sub(rest.len());
        let (list, after) = split_list(rest).map_err(|what| Malformed { offset, what })?;
        list.entries(&mut entries).map_err(|what| Malformed { offset, what })?;
        rest = after;
    }
    Ok(entries)
}

/// The lists of a variable or a file, with unparsed elements: of any kind, and with their owners.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn lists(bytes: &[u8]) -> Result<Vec<List<'_>>, Malformed> {
    let mut lists = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len().saturating_sub(rest.len());
        let (list, after) = split_list(rest).map_err(|what| Malformed { offset, what })?;
        lists.push(list);
        rest = after;
    }
    Ok(lists)
}

/// One list, with unparsed elements.
#[derive(Debug, Clone)]
pub(crate) struct List<'a> {
    pub(crate) kind: Guid,
    elements: std::slice::ChunksExact<'a, u8>,
}

fn split_list(bytes: &[u8]) -> Result<(List<'_>, &[u8]), &'static str> {
    let (header, _) = bytes.split_at_checked(LIST_HEADER).ok_or("the header is cut off")?;
    let (kind, header) = header.split_first_chunk::<16>().ok_or("the header is cut off")?;
    let mut sizes = header.chunks_exact(4).filter_map(|size| size.first_chunk().copied()).map(u32::from_le_bytes);
    let mut size = || sizes.next().and_then(|size| usize::try_from(size).ok()).ok_or("the header is cut off");
    let (list_size, header_size, element_size) = (size()?, size()?, size()?);

    let (list, after) = bytes.split_at_checked(list_size).ok_or("SignatureListSize is past the end")?;
    let body = list.get(LIST_HEADER..).ok_or("SignatureListSize is less than its header")?;
    let elements = body.get(header_size..).ok_or("SignatureHeaderSize is past the list")?;
    if element_size < OWNER {
        return Err("SignatureSize is less than its owner");
    }
    if elements.is_empty() {
        return Err("the list has no entry");
    }
    let elements = elements.chunks_exact(element_size);
    if !elements.remainder().is_empty() {
        return Err("SignatureListSize is no multiple of SignatureSize");
    }
    Ok((List { kind: *kind, elements }, after))
}

impl<'a> List<'a> {
    /// The owner and the data of each element.
    pub(crate) fn elements(&self) -> impl ExactSizeIterator<Item = (Guid, &'a [u8])> {
        self.elements.clone().map(|element| {
            let (owner, data) = element.split_first_chunk().unwrap_or((&[0; OWNER], &[]));
            (*owner, data)
        })
    }

    fn entries(self, entries: &mut Vec<Entry<'a>>) -> Result<(), &'static str> {
        let tbs = match self.kind {
            X509 | SHA256 => None,
            X509_SHA256 => Some(Algorithm::Sha256),
            X509_SHA384 => Some(Algorithm::Sha384),
            X509_SHA512 => Some(Algorithm::Sha512),
            // One entry for all elements: a hostile list must not take more memory than its own size.
            other => {
                entries.push(Entry::Other(other, self.elements.len()));
                return Ok(());
            }
        };
        for element in self.elements {
            let data = element.get(OWNER..).unwrap_or_default();
            entries.push(match tbs {
                Some(algorithm) => tbs_hash(algorithm, data)?,
                None if self.kind == X509 => certificate(data)?,
                None => Entry::Image(data.try_into().map_err(|_| "a SHA-256 is not 32 bytes long")?),
            });
        }
        Ok(())
    }
}

fn certificate(data: &[u8]) -> Result<Entry<'_>, &'static str> {
    if data.is_empty() { Err("a certificate is empty") } else { Ok(Entry::X509(data)) }
}

/// A hash with an EFI_TIME after it, as the specification demands, or a hash alone, as some tools write it.
fn tbs_hash(algorithm: Algorithm, data: &[u8]) -> Result<Entry<'_>, &'static str> {
    let size = algorithm.size();
    match data.split_at_checked(size) {
        Some((hash, [])) => Ok(Entry::Tbs { algorithm, hash, timed: false }),
        Some((hash, time)) if time.len() == TIME => Ok(Entry::Tbs { algorithm, hash, timed: true }),
        _ => Err("the hash of a certificate is of the wrong size"),
    }
}

#[cfg(test)]
pub(crate) mod build;
#[cfg(test)]
mod tests;
