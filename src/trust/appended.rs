//! Appended signatures, at the end of the file that they sign, as `scripts/sign-file` of Linux writes it (`kernel/module_signature.c`):
//! the file, a PKCS#7 message, a trailer of twelve bytes, a marker.

use crate::reason::{Finding, Reason};

/// MODULE_SIG_STRING.
const MARKER: &[u8] = b"~Module signature appended~\n";
/// PKEY_ID_PKCS7, the only kind that there still is.
const PKCS7: u8 = 2;

/// A file and the message at its end, both unverified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended<'a> {
    /// The file without its signature: what is signed.
    pub content: &'a [u8],
    /// The PKCS#7 message.
    pub message: &'a [u8],
}

impl<'a> Appended<'a> {
    /// Splits a file that ends with the marker; `None` for another file.
    ///
    /// # Errors
    /// `appended-signature`, `double-marker`.
    pub fn split(file: &'a [u8]) -> Result<Option<Self>, Finding> {
        let Some(rest) = file.strip_suffix(MARKER) else { return Ok(None) };
        let malformed = |what| Finding::new(Reason::AppendedSignature, what);
        let (rest, trailer) = rest.split_last_chunk().ok_or_else(|| malformed("the trailer is cut short"))?;
        let size = size(trailer).map_err(malformed)?;
        let at =
            rest.len().checked_sub(size).filter(|at| *at > 0).ok_or_else(|| malformed("it is longer than the file"))?;
        let (content, message) = rest.split_at_checked(at).ok_or_else(|| malformed("it is longer than the file"))?;
        // With two appended signatures, tools disagree about the signed content: the kernel strips only one.
        if content.ends_with(MARKER) {
            return Err(Reason::DoubleMarker.into());
        }
        Ok(Some(Self { content, message }))
    }
}

/// The message's length, from `struct module_signature`; every other field must have its only permitted value
/// (`mod_check_sig`).
fn size(trailer: &[u8; 12]) -> Result<usize, &'static str> {
    let [algorithm, hash, kind, signer, key_id, pad @ .., a, b, c, d] = *trailer;
    if kind != PKCS7 {
        return Err("it is no PKCS#7 message");
    }
    if [algorithm, hash, signer, key_id] != [0; 4] || pad != [0; 3] {
        return Err("a field of the trailer is not zero");
    }
    usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| "it is longer than the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8], message: &[u8], change: impl Fn(&mut [u8; 12])) -> Vec<u8> {
        let length = u32::try_from(message.len()).expect("short").to_be_bytes();
        let mut trailer = [0; 12];
        trailer[2] = PKCS7;
        trailer[8..].copy_from_slice(&length);
        change(&mut trailer);
        [content, message, &trailer, MARKER].concat()
    }

    #[test]
    fn a_file_is_split() {
        let bytes = file(b"kernel", b"message", |_| ());
        assert_eq!(Appended::split(&bytes), Ok(Some(Appended { content: b"kernel", message: b"message" })));
        assert_eq!(Appended::split(b"kernel"), Ok(None));
        assert_eq!(Appended::split(&[&bytes[..], b"\n"].concat()), Ok(None));
    }

    #[test]
    fn a_wrong_trailer_is_refused() {
        let reason = |bytes: &[u8]| Appended::split(bytes).map(|_| ()).map_err(|finding| finding.reason);
        let wrong = Err(Reason::AppendedSignature);
        for place in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] {
            assert_eq!(
                reason(&file(b"kernel", b"message", |trailer| *trailer.get_mut(place).unwrap() = 1)),
                wrong,
                "byte {place}"
            );
        }
        assert_eq!(reason(MARKER), wrong);
        assert_eq!(reason(&[&[0; 11], MARKER].concat()), wrong);
        assert_eq!(reason(&file(b"", b"message", |_| ())), wrong);
        assert_eq!(reason(&file(b"k", b"message", |trailer| trailer[11] = 8)), wrong);
        assert_eq!(reason(&file(b"k", b"message", |trailer| trailer[8..].fill(0xff))), wrong);
        let twice = file(&file(b"kernel", b"message", |_| ()), b"message", |_| ());
        assert_eq!(reason(&twice), Err(Reason::DoubleMarker));
    }
}
