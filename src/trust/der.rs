//! Strict DER (X.690, clauses 8, 10 and 11): a cursor over raw bytes, and a check of a whole message.
//!
//! The kernel reads BER (`lib/asn1_decoder.c`). Two parsers may read different messages from BER that is not DER, so [`check`] comes
//! first and refuses it. The parsers that follow use the [`Cursor`] and keep the raw bytes, because these were signed.

use crate::reason::{Finding, Reason};

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// SET and SET OF.
pub const SET: u8 = 0x31;

const ENUMERATED: u8 = 0x0a;
const CONSTRUCTED: u8 = 0x20;

/// The maximum depth, which protects the stack. A signature that is nested in another's unsigned attributes, with its own
/// certificates, is 22 levels deep.
const MAX_DEPTH: u8 = 32;

/// The error of [`split`] for an element that is longer than the input.
pub const OVERRUN: &str = "an element runs past the end";

/// The tag of a constructed `[number]`, EXPLICIT or of an IMPLICIT SET or SEQUENCE.
#[must_use]
pub const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a primitive `[number] IMPLICIT`.
#[must_use]
pub const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

/// An element: tag, length, value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The identifier octet; there are only low tags.
    pub tag: u8,
    /// The whole element.
    pub raw: &'a [u8],
    /// Its content octets.
    pub value: &'a [u8],
}

/// Reads elements one after the other.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of these elements.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element; `None` at the end, or if the bytes are not DER.
    pub fn any(&mut self) -> Option<Tlv<'a>> {
        let (tlv, rest) = split(self.rest).ok()?;
        self.rest = rest;
        Some(tlv)
    }

    /// The next element if it has this tag; else the cursor stays.
    pub fn take(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.rest.first() == Some(&tag) { self.any() } else { None }
    }

    /// The elements within the next one, if it has this tag.
    pub fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(|tlv| Self::new(tlv.value))
    }
}

/// The only element of these bytes, if it has this tag.
#[must_use]
pub fn sole(bytes: &[u8], tag: u8) -> Option<Tlv<'_>> {
    let mut cursor = Cursor::new(bytes);
    cursor.take(tag).filter(|_| cursor.is_empty())
}

/// Splits off the first element.
///
/// # Errors
/// What is wrong with its identifier or length octets (X.690, 8.1.2, 8.1.3, 10.1).
pub fn split(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), &'static str> {
    let (&tag, rest) = bytes.split_first().ok_or("an element is missing")?;
    if tag & 0x1f == 0x1f {
        return Err("a tag has more than one byte");
    }
    let (&first, rest) = rest.split_first().ok_or("a length is missing")?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x80 => return Err("a length is indefinite"),
        _ => long_length(usize::from(first & 0x7f), rest)?,
    };
    let (value, rest) = rest.split_at_checked(length).ok_or(OVERRUN)?;
    let raw = bytes.get(..bytes.len().saturating_sub(rest.len())).ok_or(OVERRUN)?;
    Ok((Tlv { tag, raw, value }, rest))
}

/// A length of several bytes, the shortest that can hold it.
fn long_length(count: usize, rest: &[u8]) -> Result<(usize, &[u8]), &'static str> {
    let (digits, rest) = rest.split_at_checked(count).ok_or("a length is cut short")?;
    if count > 4 {
        return Err("a length has more than four bytes");
    }
    let mut length: usize = 0;
    for digit in digits {
        length =
            length.checked_mul(256).and_then(|it| it.checked_add(usize::from(*digit))).ok_or("a length is huge")?;
    }
    if digits.first() == Some(&0) || length < 0x80 {
        return Err("a length is not minimal");
    }
    Ok((length, rest))
}

/// Checks that these bytes are one element of strict DER and nothing else, all the way down.
///
/// The order within a SET OF (11.6) is not checked, because SET and SET OF have the same tag; the caller knows the type.
///
/// # Errors
/// `der`, with what is wrong and where.
pub fn check(bytes: &[u8]) -> Result<(), Finding> {
    match split(bytes) {
        Ok((tlv, [])) => element(tlv, 0, 0),
        Ok((tlv, _)) => Err(fault("bytes follow the message", tlv.raw.len())),
        Err(what) => Err(fault(what, 0)),
    }
}

fn fault(what: &str, offset: usize) -> Finding {
    Finding::new(Reason::Der, format!("{what}, at byte {offset:#x}"))
}

fn element(tlv: Tlv<'_>, offset: usize, depth: u8) -> Result<(), Finding> {
    if tlv.tag & CONSTRUCTED == 0 {
        return primitive(tlv).map_err(|what| fault(what, offset));
    }
    if tlv.tag < 0x40 && tlv.tag != SEQUENCE && tlv.tag != SET {
        return Err(fault("a string is constructed", offset));
    }
    if depth == MAX_DEPTH {
        return Err(fault("elements are nested too deep", offset));
    }
    let mut rest = tlv.value;
    let end = offset.saturating_add(tlv.raw.len());
    while !rest.is_empty() {
        let at = end.saturating_sub(rest.len());
        let (child, after) = split(rest).map_err(|what| fault(what, at))?;
        element(child, at, depth.saturating_add(1))?;
        rest = after;
    }
    Ok(())
}

/// Checks the content octets of the universal types (8.2, 8.3, 8.6, 8.8, 8.19, 11.1, 11.2); other types may hold any bytes.
fn primitive(tlv: Tlv<'_>) -> Result<(), &'static str> {
    match (tlv.tag, tlv.value) {
        (0, _) => Err("an end-of-contents stands where lengths are definite"),
        (0x10 | 0x11, _) => Err("a SEQUENCE or SET is primitive"),
        (BOOLEAN, value) if value != [0] && value != [0xff] => Err("a BOOLEAN is neither 00 nor FF"),
        (NULL, value) if !value.is_empty() => Err("a NULL has content"),
        (INTEGER | ENUMERATED, []) => Err("an INTEGER is empty"),
        (INTEGER | ENUMERATED, [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..]) => Err("an INTEGER is not minimal"),
        (BIT_STRING, value) => bit_string(value),
        (OID, value) => object_identifier(value),
        _ => Ok(()),
    }
}

fn bit_string(value: &[u8]) -> Result<(), &'static str> {
    let (&unused, bits) = value.split_first().ok_or("a BIT STRING is empty")?;
    match bits.last() {
        _ if unused > 7 => Err("a BIT STRING has more than seven unused bits"),
        None if unused > 0 => Err("a BIT STRING has unused bits of no byte"),
        Some(last) if u32::from(unused) > last.trailing_zeros() => Err("unused bits of a BIT STRING are not zero"),
        _ => Ok(()),
    }
}

fn object_identifier(value: &[u8]) -> Result<(), &'static str> {
    let ends = value.last().is_some_and(|last| last & 0x80 == 0);
    let mut starts = true;
    for byte in value {
        if starts && *byte == 0x80 {
            return Err("an OBJECT IDENTIFIER is not minimal");
        }
        starts = byte & 0x80 == 0;
    }
    if ends { Ok(()) } else { Err("an OBJECT IDENTIFIER is cut short") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(bytes: &[u8]) -> String {
        check(bytes).map_or_else(|finding| finding.detail, |()| "ok".to_owned())
    }

    #[test]
    fn each_rule_by_its_shortest_case() {
        for (bytes, wanted) in [
            (&[][..], "an element is missing, at byte 0x0"),
            (&[0x30], "a length is missing, at byte 0x0"),
            (&[0x30, 0x00], "ok"),
            (&[0x30, 0x00, 0x00], "bytes follow the message, at byte 0x2"),
            (&[0x1f, 0x01, 0x00], "a tag has more than one byte, at byte 0x0"),
            (&[0x30, 0x80, 0x00, 0x00], "a length is indefinite, at byte 0x0"),
            (&[0x30, 0x81, 0x00], "a length is not minimal, at byte 0x0"),
            (&[0x30, 0x82, 0x00, 0x80], "a length is not minimal, at byte 0x0"),
            (&[0x30, 0x85, 1, 0, 0, 0, 0], "a length has more than four bytes, at byte 0x0"),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "an element runs past the end, at byte 0x0"),
            (&[0x30, 0x83, 0xff], "a length is cut short, at byte 0x0"),
            (&[0x30, 0x02, 0x02, 0x01], "an element runs past the end, at byte 0x2"),
            (&[0x30, 0x02, 0x00, 0x00], "an end-of-contents stands where lengths are definite, at byte 0x2"),
            (&[0x10, 0x00], "a SEQUENCE or SET is primitive, at byte 0x0"),
            (&[0x24, 0x00], "a string is constructed, at byte 0x0"),
            (&[0x01, 0x01, 0xff], "ok"),
            (&[0x01, 0x01, 0x01], "a BOOLEAN is neither 00 nor FF, at byte 0x0"),
            (&[0x01, 0x00], "a BOOLEAN is neither 00 nor FF, at byte 0x0"),
            (&[0x02, 0x00], "an INTEGER is empty, at byte 0x0"),
            (&[0x02, 0x01, 0x00], "ok"),
            (&[0x02, 0x02, 0x00, 0x80], "ok"),
            (&[0x02, 0x02, 0x00, 0x7f], "an INTEGER is not minimal, at byte 0x0"),
            (&[0x02, 0x02, 0xff, 0x80], "an INTEGER is not minimal, at byte 0x0"),
            (&[0x05, 0x01, 0x00], "a NULL has content, at byte 0x0"),
            (&[0x03, 0x00], "a BIT STRING is empty, at byte 0x0"),
            (&[0x03, 0x01, 0x00], "ok"),
            (&[0x03, 0x01, 0x01], "a BIT STRING has unused bits of no byte, at byte 0x0"),
            (&[0x03, 0x02, 0x08, 0x00], "a BIT STRING has more than seven unused bits, at byte 0x0"),
            (&[0x03, 0x02, 0x01, 0x03], "unused bits of a BIT STRING are not zero, at byte 0x0"),
            (&[0x03, 0x02, 0x07, 0x80], "ok"),
            (&[0x06, 0x00], "an OBJECT IDENTIFIER is cut short, at byte 0x0"),
            (&[0x06, 0x02, 0x2a, 0x86], "an OBJECT IDENTIFIER is cut short, at byte 0x0"),
            (&[0x06, 0x03, 0x2a, 0x80, 0x01], "an OBJECT IDENTIFIER is not minimal, at byte 0x0"),
            (&[0xa0, 0x03, 0x80, 0x01, 0x00], "ok"),
            (&[0xa0, 0x01, 0x80], "a length is missing, at byte 0x2"),
        ] {
            assert_eq!(what(bytes), wanted, "{bytes:02x?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nest = |levels: u8| {
            let mut bytes = Vec::new();
            for _ in 0..levels {
                let length = u8::try_from(bytes.len()).expect("short");
                bytes.splice(0..0, [SEQUENCE, length]);
            }
            bytes
        };
        assert_eq!(what(&nest(MAX_DEPTH)), "ok");
        assert!(what(&nest(MAX_DEPTH + 1)).starts_with("elements are nested too deep"));
    }

    #[test]
    fn a_cursor_stays_where_the_tag_is_another() {
        let mut cursor = Cursor::new(&[0x02, 0x01, 0x05, 0x30, 0x00]);
        assert_eq!(cursor.take(SEQUENCE), None);
        assert_eq!(cursor.take(INTEGER).map(|tlv| tlv.value), Some(&[5][..]));
        assert!(cursor.enter(SEQUENCE).is_some_and(|inner| inner.is_empty()));
        assert!(cursor.is_empty() && cursor.any().is_none());
        assert_eq!(sole(&[0x30, 0x00, 0x00], SEQUENCE), None);
    }
}
