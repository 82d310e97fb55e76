//! The order of versions (UAPI Group, Version Format Specification), in which boot loaders sort their entries.

use std::cmp::Ordering;

/// Compares two versions. `Less` means that the first is the older one.
///
/// Where the specification contradicts itself about a `~` at the end of one version, this is the order of systemd: `1~rc1` is older
/// than `1`, and `~` is older than the empty version (src/fundamental/string-util-fundamental.c, `strverscmp_improved`).
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        (one, other) = (skip(one, is_noise), skip(other, is_noise));
        if let Some(order) = separator(&mut one, &mut other, b'~') {
            return order;
        }
        if one.is_empty() || other.is_empty() {
            return one.len().cmp(&other.len());
        }
        for letter in *b"-^." {
            if let Some(order) = separator(&mut one, &mut other, letter) {
                return order;
            }
        }
        let numeric = [one, other].iter().any(|rest| rest.first().is_some_and(u8::is_ascii_digit));
        let order = if numeric { numbers(&mut one, &mut other) } else { words(&mut one, &mut other) };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the separator off both; if only one of them starts with it, that one is the older.
fn separator(one: &mut &[u8], other: &mut &[u8], letter: u8) -> Option<Ordering> {
    match (one.strip_prefix(&[letter]), other.strip_prefix(&[letter])) {
        (Some(first), Some(second)) => {
            (*one, *other) = (first, second);
            None
        }
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
    }
}

/// Numbers of any length: without leading zeros, the longer one is the greater. No number at all is less than zero.
fn numbers<'a>(one: &mut &'a [u8], other: &mut &'a [u8]) -> Ordering {
    let [first, second] = [one, other].map(|rest| {
        let digits = take(rest, |byte| byte.is_ascii_digit());
        let number = skip(digits, |byte| byte == b'0');
        (!digits.is_empty(), number.len(), number)
    });
    first.cmp(&second)
}

fn words<'a>(one: &mut &'a [u8], other: &mut &'a [u8]) -> Ordering {
    let [first, second] = [one, other].map(|rest| take(rest, |byte| byte.is_ascii_alphabetic()));
    first.cmp(second)
}

/// What is neither a letter nor a digit nor a separator.
fn is_noise(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !b"~-^.".contains(&byte)
}

fn skip(text: &[u8], gone: impl Fn(u8) -> bool) -> &[u8] {
    let length = text.iter().take_while(|byte| gone(**byte)).count();
    text.get(length..).unwrap_or_default()
}

fn take<'a>(text: &mut &'a [u8], wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let length = text.iter().take_while(|byte| wanted(**byte)).count();
    let (taken, rest) = text.split_at_checked(length).unwrap_or_default();
    *text = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the oldest to the newest.
    const ORDERED: [&str; 31] = [
        "~",
        "~1",
        "",
        "A",
        "a",
        "ab",
        "abb",
        "abc",
        "bar-123",
        "foo-123",
        "0",
        "0.",
        "0.0",
        "0001",
        "002",
        "6.1.0-9-amd64",
        "6.1.0-49-amd64",
        "6.12.0-1-amd64",
        "6.12.43+deb13-amd64",
        "122.9",
        "123~rc1",
        "123",
        "123-a",
        "123-a.1",
        "123-3",
        "123^1",
        "123.a",
        "123.b",
        "123.1-1",
        "123a",
        "99999999999999999999999999999999999999",
    ];

    #[test]
    fn the_order_of_the_specifications_examples() {
        for (index, one) in ORDERED.iter().enumerate() {
            for (place, other) in ORDERED.iter().enumerate() {
                assert_eq!(compare(one, other), index.cmp(&place), "{one} and {other}");
            }
        }
    }

    #[test]
    fn separators_are_not_compared() {
        let rows = [
            ("11α", "11β", Ordering::Equal),
            ("1_", "1", Ordering::Equal),
            ("_1", "1", Ordering::Equal),
            ("1+", "1", Ordering::Equal),
            ("1_", "1.2", Ordering::Less),
            ("1_2_3", "1.3.3", Ordering::Greater),
            ("1+2+3", "1.3.3", Ordering::Greater),
            ("007", "7", Ordering::Equal),
        ];
        for (one, other, wanted) in rows {
            assert_eq!(compare(one, other), wanted, "{one} and {other}");
            assert_eq!(compare(other, one), wanted.reverse(), "{other} and {one}");
        }
    }
}
