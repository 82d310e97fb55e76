//! Matching a text against a pattern of `*`, `?` and `[a-z]`. How a pattern is written is up to whoever parses it.

use std::ops::RangeInclusive;

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// `*`: any letters, or none.
    AnyText,
    /// `?`: one letter.
    AnyLetter,
    /// The letter itself.
    Letter(char),
    /// `[a-z0]`: one letter of these ranges.
    Set(Vec<RangeInclusive<char>>),
}

impl Element {
    /// Whether it takes this letter; [`Element::AnyText`] takes any number of them.
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::AnyText | Self::AnyLetter => true,
            Self::Letter(wanted) => *wanted == letter,
            Self::Set(ranges) => ranges.iter().any(|range| range.contains(&letter)),
        }
    }
}

/// Whether a pattern matches all of a text. The work is bounded by the product of both lengths: after a letter that does not
/// match, only the last `*` takes one letter more.
pub(crate) fn matches(pattern: &[Element], text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text.chars());
    // What follows the last `*`, and the text from the first letter that this `*` does not take.
    let mut retry: Option<(&[Element], std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = text.clone();
        let Some(next) = ahead.next() else {
            return pattern.iter().all(|left| *left == Element::AnyText);
        };
        match pattern.split_first() {
            Some((Element::AnyText, rest)) => {
                pattern = rest;
                retry = Some((rest, text.clone()));
            }
            Some((element, rest)) if element.takes(next) => {
                pattern = rest;
                text = ahead;
            }
            _ => {
                let Some((after, from)) = &mut retry else { return false };
                from.next();
                pattern = after;
                text = from.clone();
            }
        }
    }
}
