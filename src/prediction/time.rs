//! Times in certificates and signatures (`crypto/asymmetric_keys/x509_cert_parser.c:x509_decode_time`).

use super::asn1::{GENERALIZED_TIME, UTC_TIME};
use super::errno::Errno;

/// Seconds since 1970 UTC.
pub(super) fn x509_decode_time(tag: u8, value: &[u8]) -> Result<i64, Errno> {
    seconds(tag, value).ok_or(Errno::Badmsg)
}

fn seconds(tag: u8, value: &[u8]) -> Option<i64> {
    let (year, rest) = match (tag, value.len()) {
        (UTC_TIME, 13) => {
            let (year, rest) = two_digits(value)?;
            (if year >= 50 { year.checked_add(1900)? } else { year.checked_add(2000)? }, rest)
        }
        (GENERALIZED_TIME, 15) => {
            let (century, rest) = two_digits(value)?;
            let (year, rest) = two_digits(rest)?;
            let year = century.checked_mul(100)?.checked_add(year)?;
            // Years that UTCTime can say must be said by it.
            if (1950..=2049).contains(&year) {
                return None;
            }
            (year, rest)
        }
        _ => return None,
    };
    let (month, rest) = two_digits(rest)?;
    let (day, rest) = two_digits(rest)?;
    let (hour, rest) = two_digits(rest)?;
    let (minute, rest) = two_digits(rest)?;
    let (second, rest) = two_digits(rest)?;
    // 24:00:00 and leap seconds are taken, and count on into the next day.
    let fits = year >= 1970 && (1..=month_length(year, month)?).contains(&day) && hour <= 24 && minute <= 59;
    if rest != b"Z" || !fits || second > 60 {
        return None;
    }
    let clock = hour.checked_mul(60)?.checked_add(minute)?.checked_mul(60)?.checked_add(second)?;
    days(year, month, day)?.checked_mul(86400)?.checked_add(clock)
}

fn two_digits(value: &[u8]) -> Option<(i64, &[u8])> {
    let ([tens, ones], rest) = value.split_first_chunk::<2>()?;
    let digit = |byte: &u8| char::from(*byte).to_digit(10).map(i64::from);
    Some((digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)?, rest))
}

fn leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

fn month_length(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap(year) { 29 } else { 28 }),
        _ => None,
    }
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let before = year.checked_sub(1)?;
    // Leap years before this one, less those before 1970.
    let leaps = before.div_euclid(4).checked_sub(before.div_euclid(100))?.checked_add(before.div_euclid(400))?;
    let mut days = year.checked_sub(1970)?.checked_mul(365)?.checked_add(leaps)?.checked_sub(477)?;
    for earlier in 1..month {
        days = days.checked_add(month_length(year, earlier)?)?;
    }
    days.checked_add(day)?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(x509_decode_time(UTC_TIME, b"700101000000Z"), Ok(0));
        assert_eq!(x509_decode_time(UTC_TIME, b"260101000000Z"), Ok(1_767_225_600));
        assert_eq!(x509_decode_time(UTC_TIME, b"240229235960Z"), Ok(1_709_251_200));
        assert_eq!(x509_decode_time(UTC_TIME, b"491231240000Z"), Ok(2_524_608_000));
        assert_eq!(x509_decode_time(GENERALIZED_TIME, b"20500101000000Z"), Ok(2_524_608_000));
    }

    #[test]
    fn what_is_no_time() {
        let utc: [&[u8]; 9] = [
            b"500101000000Z",
            b"260229000000Z",
            b"261301000000Z",
            b"260100000000Z",
            b"260101250000Z",
            b"260101006000Z",
            b"260101000061Z",
            b"260101000000+",
            b"2601010000Z",
        ];
        for value in utc {
            assert_eq!(x509_decode_time(UTC_TIME, value), Err(Errno::Badmsg), "{value:?}");
        }
        for value in [&b"20491231235959Z"[..], b"1949123123595Z", b"19491231235959Z"] {
            assert_eq!(x509_decode_time(GENERALIZED_TIME, value), Err(Errno::Badmsg), "{value:?}");
        }
        assert_eq!(x509_decode_time(4, b"260101000000Z"), Err(Errno::Badmsg));
    }
}
