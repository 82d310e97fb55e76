//! The patterns by which systemd-boot chooses an entry (systemd, src/boot/efi-string.c, `efi_fnmatch`).

use crate::image::glob::{Element, matches};
use std::ops::RangeInclusive;

/// The maximum length in bytes: an ID has at most 255.
const MAX: usize = 1024;

/// A pattern with `*`, `?`, `[a-z]` and backslashes. The case of ASCII letters does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Element>);

impl Pattern {
    /// Parses a pattern of at most 1024 bytes; `None` if it is longer, or if a set has no end or a backslash nothing after it. Such a
    /// pattern matches nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX {
            return None;
        }
        let text = text.to_ascii_lowercase();
        let mut letters = text.chars();
        let mut elements = Vec::new();
        while let Some(letter) = letters.next() {
            elements.push(match letter {
                '*' if elements.last() == Some(&Element::AnyText) => continue,
                '*' => Element::AnyText,
                '?' => Element::AnyLetter,
                '\\' => Element::Letter(letters.next()?),
                '[' => Element::Set(set(&mut letters)?),
                letter => Element::Letter(letter),
            });
        }
        Some(Self(elements))
    }

    /// Whether the pattern matches all of a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, &text.to_ascii_lowercase())
    }
}

/// The letters and ranges up to `]`, which is a letter if it comes first.
fn set(letters: &mut std::str::Chars<'_>) -> Option<Vec<RangeInclusive<char>>> {
    let mut ranges = Vec::new();
    loop {
        let first = match letters.next()? {
            ']' if !ranges.is_empty() => return Some(ranges),
            '\\' => letters.next()?,
            letter => letter,
        };
        let mut ahead = letters.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                *letters = ahead;
                last
            }
            _ => first,
        };
        ranges.push(first..=last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let rows = [
            ("debian-6.12.conf", "debian-6.12.conf", true),
            ("Debian-*.CONF", "debian-6.12.conf", true),
            ("debian-*", "fedora-6.12.conf", false),
            ("*", "", true),
            ("?", "", false),
            ("**a*b", "xxaxxab", true),
            ("**a*b", "xxaxxabc", false),
            ("a[0-9].conf", "a7.conf", true),
            ("a[0-9].conf", "ab.conf", false),
            ("a[]x-].conf", "a].conf", true),
            ("a[]x-].conf", "a-.conf", true),
            ("a[\\]].conf", "a].conf", true),
            ("a\\*.conf", "a*.conf", true),
            ("a\\*.conf", "ab.conf", false),
            ("", "", true),
            ("", "a", false),
            ("ä?", "äö", true),
        ];
        for (pattern, text, wanted) in rows {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), wanted, "{pattern} on {text}");
        }
        for pattern in ["a[b", "a[]", "a\\", "[", "[a-"] {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let pattern = Pattern::parse(&"a*".repeat(512)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(255))));
        assert_eq!(Pattern::parse(&"a".repeat(1025)), None);
    }
}
