//! Detached signatures, in a file of their own, over any file: `openssl cms -sign -binary`, `openssl smime -sign -binary`.

use super::der::SEQUENCE;
use crate::reason::{Finding, Reason};
use std::borrow::Cow;
use x509_parser::pem::Pem;

/// Labels of PEM armour: what OpenSSL writes for the one and the other command (RFC 7468, 8 and 9).
const LABELS: [&str; 2] = ["PKCS7", "CMS"];

/// The PKCS#7 message of a signature file: the file itself, or what its PEM armour holds.
///
/// # Errors
/// `pkcs7` where it is neither.
pub fn message(signature: &[u8]) -> Result<Cow<'_, [u8]>, Finding> {
    if signature.first() == Some(&SEQUENCE) {
        return Ok(Cow::Borrowed(signature));
    }
    let malformed = |what: &str| Finding::new(Reason::Pkcs7, what);
    let mut blocks = Pem::iter_from_buffer(signature);
    let block = blocks.next().ok_or_else(|| malformed("the signature is neither DER nor PEM"))?;
    let block = block.map_err(|error| malformed(&format!("PEM: {error}")))?;
    if !LABELS.contains(&block.label.as_str()) {
        return Err(malformed("the PEM block is no PKCS7 and no CMS"));
    }
    if blocks.next().is_some() {
        return Err(malformed("there is more than one PEM block"));
    }
    Ok(Cow::Owned(block.contents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_is_taken_off() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        for (text, wanted) in [
            ("0\0".to_owned(), Ok(vec![0x30, 0])),
            (block("PKCS7"), Ok(vec![0x30, 0])),
            (block("CMS"), Ok(vec![0x30, 0])),
            (format!("by me\n{}", block("CMS")), Ok(vec![0x30, 0])),
            (block("CERTIFICATE"), Err(Reason::Pkcs7)),
            (block("CMS").repeat(2), Err(Reason::Pkcs7)),
            ("-----BEGIN CMS-----\nMAA=\n".to_owned(), Err(Reason::Pkcs7)),
            ("-----BEGIN CMS-----\nM!A=\n-----END CMS-----\n".to_owned(), Err(Reason::Pkcs7)),
            (String::new(), Err(Reason::Pkcs7)),
        ] {
            let seen = message(text.as_bytes()).map(Cow::into_owned).map_err(|finding| finding.reason);
            assert_eq!(seen, wanted, "{text}");
        }
    }
}
