//! Patterns over values: `*`, `?`, `[a-z]`, and every other character for itself.

use super::super::glob::{Element, matches};
use std::ops::RangeInclusive;

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 256;

/// A pattern that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    text: String,
    elements: Vec<Element>,
}

impl Glob {
    /// Checks a pattern: 1 to 256 printable ASCII characters, without blanks, quotation marks and backslashes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(format!("a pattern has 1 to {MAX_LENGTH} characters"));
        }
        if !text.bytes().all(can_vary) {
            return Err(
                "a pattern consists of printable ASCII characters without blanks, quotation marks and backslashes"
                    .into(),
            );
        }
        let mut elements = Vec::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            elements.push(match letter {
                '*' => Element::AnyText,
                '?' => Element::AnyLetter,
                '[' => {
                    let (inside, after) = rest.as_str().split_once(']').ok_or("a [ in a pattern has no ]")?;
                    rest = after.chars();
                    Element::Set(set(inside)?)
                }
                letter => Element::Letter(letter),
            });
        }
        Ok(Self { text: text.to_owned(), elements })
    }

    /// The pattern as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches all of the value.
    pub(super) fn matches(&self, value: &str) -> bool {
        matches(&self.elements, value)
    }
}

/// Whether a value that contains this byte may vary. Programs split a command line at different white space (the kernel also at
/// byte 0xa0), and not all of them know quotation marks and backslashes: none of these may be in a value that nobody signed.
pub(super) const fn can_vary(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\')
}

/// The ranges between `[` and `]`.
fn set(inside: &str) -> Result<Vec<RangeInclusive<char>>, String> {
    if inside.is_empty() {
        return Err("the [ ] in a pattern is empty".into());
    }
    let mut ranges = Vec::new();
    let mut letters = inside.chars();
    while let Some(first) = letters.next() {
        let mut ahead = letters.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) => {
                letters = ahead;
                last
            }
            _ => first,
        };
        if first > last {
            return Err(format!("the range {first}-{last} in a pattern is empty"));
        }
        if [first, last].into_iter().any(|letter| "[!^".contains(letter)) {
            return Err("a [ ] in a pattern may not contain any of [ ! ^".into());
        }
        ranges.push(first..=last);
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values() {
        let rows = [
            ("tty0", "tty0", true),
            ("tty0", "tty00", false),
            ("tty0", "atty0", false),
            ("ttyS[0-9]*", "ttyS0,115200n8", true),
            ("ttyS[0-9]*", "ttySx", false),
            ("ttyS[0-9]*", "ttyS", false),
            ("*", "", true),
            ("*", "anything", true),
            ("?", "", false),
            ("?", "=", true),
            ("??", "a", false),
            ("[a-cx]", "x", true),
            ("[a-cx]", "d", false),
            ("[a-]", "-", true),
            ("*ab*ab", "aabxab", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ];
        for (pattern, value, wanted) in rows {
            assert_eq!(Glob::parse(pattern).unwrap().matches(value), wanted, "{pattern} {value}");
        }
    }

    #[test]
    fn a_malformed_pattern_is_an_error() {
        for pattern in
            ["", "[", "[]", "[a", "[z-a]", "[!a]", "[^a]", "a b", "a\"b", "a'b", "é", "a\n", &"x".repeat(257)]
        {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Glob::parse(&"x".repeat(256)).is_ok());
    }

    /// Without a bound on the work this would not end.
    #[test]
    fn many_stars_cost_little() {
        let pattern = Glob::parse(&"*a".repeat(128)).unwrap();
        let mut value = "a".repeat(1 << 16);
        assert!(pattern.matches(&value));
        value.push('b');
        assert!(!pattern.matches(&value));
    }
}
