//! Authenticode's part of a PE: the image digest, and the table of signatures at its end.
//!
//! "Windows Authenticode Portable Executable Signature Format", "Calculating the PE Image Hash"; PE format, "The
//! Attribute Certificate Table". Nothing is accepted that the kernel's `pefile_digest_pe_contents` and
//! `pefile_strip_sig_wrapper` refuse.

use super::pkcs7::{Profile, SignedData};
use super::spc;
use crate::digest::{Algorithm, Digest, Hashed};
use crate::image::pe::Pe;
use crate::reason::{Finding, Reason};

/// `dwLength`, `wRevision`, `wCertificateType`.
const HEADER: usize = 8;
const REVISION_2_0: u16 = 0x0200;
const TYPE_PKCS_SIGNED_DATA: u16 = 0x0002;
/// More signatures than any image has; each costs a parse.
const MAX_ENTRIES: usize = 16;

/// The signature that decides about a PE, and the rest of its certificate table, all unverified.
#[derive(Debug)]
pub(super) struct Embedded<'a> {
    /// The first message of the table, which decides, as in the kernel. A later one can only add reasons against the image.
    pub(super) message: SignedData<'a>,
    /// Its SpcIndirectDataContent.
    pub(super) content: &'a [u8],
    /// The image digest that was signed.
    pub(super) signed: Digest,
    /// The bodies of the other WIN_CERTIFICATEs.
    pub(super) others: Vec<&'a [u8]>,
}

impl<'a> Embedded<'a> {
    /// Parses the signature in a PE.
    ///
    /// # Errors
    /// `unsigned`; those of [`signatures`], [`SignedData::parse`] and [`spc::parse`].
    pub(super) fn parse(bytes: &'a [u8], pe: &Pe) -> Result<Self, Finding> {
        let table = pe.certificate_table.clone().and_then(|table| bytes.get(table)).ok_or(Reason::Unsigned)?;
        let bodies = signatures(table)?;
        let (first, others) = bodies.split_first().ok_or(Reason::Unsigned)?;
        let message = SignedData::parse(Profile::Authenticode, first)?;
        let content = message.content.unwrap_or_default();
        let signed = spc::parse(content)?;
        Ok(Self { message, content, signed, others: others.to_vec() })
    }
}

/// The image digest of a PE without gaps ([`Pe::check_coverage`]): all bytes before the certificate table, without the
/// CheckSum and the table's own entry in the data directories.
#[must_use]
pub fn image_digest<B: AsRef<[u8]>>(file: &Hashed<B>, pe: &Pe, algorithm: Algorithm) -> Digest {
    file.digest(algorithm, &pe.signed_ranges(file.bytes().len()))
}

/// The image digest by SHA-256. Revocation lists name images by it, whatever digest was signed.
pub(super) fn image_sha256<B: AsRef<[u8]>>(file: &Hashed<B>, pe: &Pe) -> [u8; 32] {
    file.sha256(&pe.signed_ranges(file.bytes().len()))
}

/// The bodies of the WIN_CERTIFICATEs, in the table's order: each a PKCS#7 message and what follows it within
/// `dwLength`.
///
/// # Errors
/// `wincert-length`, `wincert-type`, `cert-table-junk`.
pub fn signatures(table: &[u8]) -> Result<Vec<&[u8]>, Finding> {
    let mut bodies = Vec::new();
    let mut rest = table;
    while !rest.is_empty() {
        if bodies.len() == MAX_ENTRIES {
            return Err(Finding::new(Reason::CertTableJunk, format!("more than {MAX_ENTRIES} entries")));
        }
        let (body, after) = entry(rest, bodies.len())?;
        bodies.push(body);
        rest = after;
    }
    Ok(bodies)
}

/// One WIN_CERTIFICATE and the rest of the table after its padding.
fn entry(rest: &[u8], index: usize) -> Result<(&[u8], &[u8]), Finding> {
    let junk = || Finding::new(Reason::CertTableJunk, format!("{} bytes after entry {index}", rest.len()));
    let (header, _) = rest.split_first_chunk::<HEADER>().ok_or_else(junk)?;
    let [a, b, c, d, revision @ .., kind_low, kind_high] = *header;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let (revision, kind) = (u16::from_le_bytes(revision), u16::from_le_bytes([kind_low, kind_high]));
    let body = rest.get(HEADER..length).ok_or_else(|| {
        // After the first entry, bytes with an impossible length are not an entry.
        let reason = if index == 0 { Reason::WinCertLength } else { Reason::CertTableJunk };
        Finding::new(reason, format!("dwLength {length} of entry {index}, {} bytes remain", rest.len()))
    })?;
    if (revision, kind) != (REVISION_2_0, TYPE_PKCS_SIGNED_DATA) {
        let seen = format!("wRevision {revision:#06x}, wCertificateType {kind:#06x}");
        return Err(Finding::new(Reason::WinCertType, seen));
    }
    // The last entry must be padded, too: its padded length must lie within the table.
    let padded = length.next_multiple_of(8);
    let padding = rest.get(length..padded).ok_or_else(junk)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Finding::new(Reason::CertTableJunk, format!("the padding after entry {index} is not zero")));
    }
    Ok((body, rest.get(padded..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wincert(length: u32, revision: u16, kind: u16, body: &[u8]) -> Vec<u8> {
        let mut entry = length.to_le_bytes().to_vec();
        entry.extend(revision.to_le_bytes());
        entry.extend(kind.to_le_bytes());
        entry.extend(body);
        entry
    }

    #[test]
    fn entries_are_walked_to_the_end() {
        let good = wincert(16, 0x200, 2, b"12345678");
        assert_eq!(signatures(&good).unwrap(), [b"12345678"]);
        let unpadded = wincert(13, 0x200, 2, b"12345\0\0\0");
        assert_eq!(signatures(&[unpadded, good].concat()).unwrap(), [b"12345".as_slice(), b"12345678"]);
    }

    #[test]
    fn each_fault_has_its_slug() {
        let good = wincert(16, 0x200, 2, b"12345678");
        let rows: &[(Vec<u8>, Reason)] = &[
            (wincert(0, 0x200, 2, b"12345678"), Reason::WinCertLength),
            (wincert(4, 0x200, 2, b"12345678"), Reason::WinCertLength),
            (wincert(17, 0x200, 2, b"12345678"), Reason::WinCertLength),
            (wincert(u32::MAX, 0x200, 2, b"12345678"), Reason::WinCertLength),
            (wincert(16, 0x100, 2, b"12345678"), Reason::WinCertType),
            (wincert(16, 0x200, 1, b"12345678"), Reason::WinCertType),
            (wincert(13, 0x200, 2, b"12345\0\x01\0"), Reason::CertTableJunk),
            ([good.clone(), b"12345678".to_vec()].concat(), Reason::CertTableJunk),
            ([good.clone(), b"1234".to_vec()].concat(), Reason::CertTableJunk),
            ([good, vec![0; 8]].concat(), Reason::CertTableJunk),
        ];
        for (table, reason) in rows {
            assert_eq!(signatures(table).unwrap_err().reason, *reason, "{table:?}");
        }
    }
}
