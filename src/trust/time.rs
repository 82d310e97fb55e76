//! The times of certificates and signed attributes, as seconds of Unix time.

use super::der::{GENERALIZED_TIME, Tlv, UTC_TIME};
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

/// Reads a UTCTime `YYMMDDHHMMSSZ` or a GeneralizedTime `YYYYMMDDHHMMSSZ` (RFC 5280, 4.1.2.5).
///
/// The kernel (`x509_decode_time`) accepts only these two forms. It refuses a GeneralizedTime in the years that UTCTime can express,
/// and times before 1970.
#[must_use]
pub(crate) fn seconds(time: Tlv<'_>) -> Option<i64> {
    let digits = match (time.tag, time.value) {
        (UTC_TIME, [digits @ .., b'Z']) if digits.len() == 12 => digits,
        (GENERALIZED_TIME, [digits @ .., b'Z']) if digits.len() == 14 => digits,
        _ => return None,
    };
    let year = digits.get(..4)?;
    let twice_sayable = time.tag == GENERALIZED_TIME && (&b"1950"[..]..=&b"2049"[..]).contains(&year);
    if twice_sayable || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (_, parsed) = ASN1Time::from_der(time.raw).ok()?;
    Some(parsed.timestamp()).filter(|seconds| *seconds >= 0)
}

/// A time in UTC, for people and for JSON (RFC 3339): `2026-11-24T13:45:59Z`; `None` after the year 9999.
#[must_use]
pub fn rfc3339(seconds: i64) -> Option<String> {
    let time = ASN1Time::from_timestamp(seconds).ok()?.to_datetime();
    let (date, clock) = (time.date(), time.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::der::Cursor;

    fn read(tag: u8, text: &str) -> Option<i64> {
        let mut raw = vec![tag, u8::try_from(text.len()).expect("short")];
        raw.extend_from_slice(text.as_bytes());
        seconds(Cursor::new(&raw).any().expect("one element"))
    }

    #[test]
    fn the_two_shapes_and_no_other() {
        for (tag, text, wanted) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "691231235959Z", None),
            (UTC_TIME, "500101000000Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000+0000", None),
            (UTC_TIME, "700229000000Z", None),
            (UTC_TIME, "000229000000Z", Some(951_782_400)),
            (UTC_TIME, "70010100000 Z", None),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "20491231235959Z", None),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20500101000000.5Z", None),
            (GENERALIZED_TIME, "205013010000Z", None),
            (GENERALIZED_TIME, "205001010000Z", None),
            (GENERALIZED_TIME, "2050010100Z", None),
            (0x04, "700101000000Z", None),
        ] {
            assert_eq!(read(tag, text), wanted, "{text}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        let rows = [
            (0, Some("1970-01-01T00:00:00Z")),
            (951_782_400, Some("2000-02-29T00:00:00Z")),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (i64::MAX, None),
        ];
        for (seconds, wanted) in rows {
            assert_eq!(rfc3339(seconds).as_deref(), wanted, "{seconds}");
        }
    }
}
