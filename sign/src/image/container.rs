//! The certificate table of a PE ("The Attribute Certificate Table" of the PE format), taken off and put on.

use crate::bytes::put;
use crate::failure::Failure;
use skexec::image::pe::Pe;
use skexec::reason::Finding;
use std::path::Path;

/// `dwLength`, `wRevision`, `wCertificateType` before each signature.
const HEADER: usize = 8;
/// `wRevision` 2.0 and `wCertificateType` PKCS_SIGNED_DATA.
const KIND: [u8; 4] = [0x00, 0x02, 0x02, 0x00];

/// Why an image is not signed.
#[derive(Debug)]
pub(super) enum Refusal {
    Malformed(Finding),
    Signed,
    TooLarge,
}

impl Refusal {
    pub(super) fn failure(self, path: &Path) -> Failure {
        let about = |what: &str| Failure::unsuitable(format!("{}: {what}", path.display()));
        match self {
            Self::Malformed(finding) => Failure::found(path, &finding),
            Self::Signed => about("the image has a signature already")
                .advise("use --replace to remove it; shim, firmware and kernel then see only the new one"),
            Self::TooLarge => about("the image is larger than a PE can be: 4 GiB with its signature"),
        }
    }
}

/// An image without a certificate table, padded to where the table will start. The padding is signed with the rest.
#[derive(Debug)]
pub(super) struct Unsigned {
    bytes: Vec<u8>,
    pe: Pe,
}

impl Unsigned {
    /// Takes the signatures off an image if `replace` is set, and refuses one that has any if not.
    pub(super) fn new(mut bytes: Vec<u8>, replace: bool) -> Result<Self, Refusal> {
        let pe = parse(&bytes)?;
        match &pe.certificate_table {
            Some(_) if !replace => return Err(Refusal::Signed),
            Some(table) => bytes.truncate(table.start),
            None => {}
        }
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        put(&mut bytes, &pe.security_entry, &[0; 8]);
        let pe = parse(&bytes)?;
        Ok(Self { bytes, pe })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn pe(&self) -> &Pe {
        &self.pe
    }

    /// The image with a PKCS#7 message in its certificate table, and with its CheckSum.
    pub(super) fn with_signature(self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let Self { mut bytes, pe } = self;
        let length = message.len().saturating_add(HEADER).next_multiple_of(8);
        let fit = |number: usize| u32::try_from(number).map(u32::to_le_bytes).map_err(|_| Refusal::TooLarge);
        let (start, size) = (fit(bytes.len())?, fit(length)?);
        let end = bytes.len().saturating_add(length);
        fit(end)?;
        // The padding belongs to dwLength, as signing tools for Linux write it: old versions of shim refuse it behind the entry.
        bytes.extend(size);
        bytes.extend(KIND);
        bytes.extend(message);
        bytes.resize(end, 0);
        put(&mut bytes, &pe.security_entry, &[start, size].concat());
        put(&mut bytes, &pe.checksum, &[0; 4]);
        let sum = checksum(&bytes);
        put(&mut bytes, &pe.checksum, &sum.to_le_bytes());
        Ok(bytes)
    }
}

/// Headers that are sound, and no hole that a signature would not cover.
fn parse(bytes: &[u8]) -> Result<Pe, Refusal> {
    let pe = Pe::parse(bytes).map_err(Refusal::Malformed)?;
    pe.check_coverage().map_err(Refusal::Malformed)?;
    Ok(pe)
}

/// The CheckSum of a PE, whose own field is zero meanwhile: the ones' complement sum of all 16-bit words, plus the file's length
/// ("CheckSum" of the PE format; ImageHlp's CheckSumMappedFile).
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        let word = u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]);
        sum = sum.wrapping_add(u32::from(word));
        sum = (sum & 0xffff).wrapping_add(sum >> 16);
    }
    sum.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_folds_carries_and_adds_the_length() {
        assert_eq!(checksum(&[]), 0);
        assert_eq!(checksum(&[0x34, 0x12]), 0x1234 + 2);
        assert_eq!(checksum(&[0xff, 0xff, 0x02, 0x00]), 2 + 4);
        assert_eq!(checksum(&[0x01, 0x00, 0x05]), 6 + 3);
    }

    #[test]
    fn a_file_that_is_no_pe_is_refused() {
        for bytes in [&b""[..], b"MZ", b"\x7fELF", &[0; 4096]] {
            assert!(matches!(Unsigned::new(bytes.to_vec(), true), Err(Refusal::Malformed(_))));
        }
    }
}
