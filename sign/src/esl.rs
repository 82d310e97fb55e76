//! EFI signature lists (UEFI 32.4.1): what firmware and shim enrol.

use crate::failure::Failure;

/// EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072.
const X509: [u8; 16] = *b"\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
/// SignatureType, SignatureListSize, SignatureHeaderSize, SignatureSize.
const LIST_HEADER: usize = 28;

/// A list of one DER certificate, which `owner` enrols.
pub(crate) fn of_certificate(owner: [u8; 16], der: &[u8]) -> Result<Vec<u8>, Failure> {
    let fit = |number: usize| {
        u32::try_from(number).map(u32::to_le_bytes).map_err(|_| Failure::failed("the certificate is too large"))
    };
    let entry = owner.len().saturating_add(der.len());
    let sizes = [fit(LIST_HEADER.saturating_add(entry))?, [0; 4], fit(entry)?].concat();
    Ok([&X509[..], &sizes, &owner, der].concat())
}
