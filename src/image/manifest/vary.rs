//! The parameters that may vary on a command line that is otherwise bound.

use super::super::cmdline::{Cmdline, words};
use super::glob::{Glob, can_vary};
use std::collections::BTreeMap;

/// Names of parameters, each with what its value may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vary(BTreeMap<String, Vec<Pattern>>);

/// What the value of a parameter may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The parameter stands without `=` and value.
    Bare,
    /// The value matches.
    Value(Glob),
}

impl Pattern {
    /// An empty text is a parameter without a value.
    ///
    /// # Errors
    /// Those of [`Glob::parse`].
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(Self::Bare) } else { Glob::parse(text).map(Self::Value) }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Bare => "",
            Self::Value(glob) => glob.as_str(),
        }
    }

    fn matches(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Bare, None) => true,
            (Self::Value(glob), Some(value)) => glob.matches(value),
            _ => false,
        }
    }
}

impl Vary {
    /// Parameters whose names [`is_name`] accepts, and their patterns.
    pub(super) const fn new(rows: BTreeMap<String, Vec<Pattern>>) -> Self {
        Self(rows)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().map(|(name, patterns)| (name.as_str(), patterns.iter().map(Pattern::as_str).collect()))
    }

    /// Compares a command line with the bound one.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn check(&self, bound: &Cmdline, given: &Cmdline) -> Result<(), String> {
        // The kernel and the programs that read /proc/cmdline do not agree which of them separate words.
        if let Some(control) = given.as_str().chars().find(|letter| letter.is_control()) {
            return Err(format!("the command line contains the control character U+{:04X}", u32::from(control)));
        }
        let (mut wanted, mut found) = (self.fixed(bound.as_str()), self.fixed(given.as_str()));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return Ok(()),
                (Some(wanted), Some(found)) if wanted == found => {}
                (Some(wanted), Some(found)) => {
                    return Err(format!("the manifest binds {wanted} where the command line has {found}"));
                }
                (Some(wanted), None) => {
                    return Err(format!("the command line lacks {wanted}, which the manifest binds"));
                }
                (None, Some(found)) => {
                    return Err(format!("the command line has {found}, which the manifest does not bind"));
                }
            }
        }
    }

    /// The words that do not vary.
    fn fixed<'a>(&'a self, line: &'a str) -> impl Iterator<Item = &'a str> {
        let (mut of_init, mut quote) = (false, None);
        words(line).filter(move |word| {
            // The kernel removes quotation marks before it compares.
            of_init |= word.trim_matches('"') == "--";
            let varies = !of_init && quote.is_none() && self.varies(word);
            quote = word.chars().fold(quote, after);
            !varies
        })
    }

    fn varies(&self, word: &str) -> bool {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let patterns = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        word.bytes().all(can_vary) && patterns.iter().any(|pattern| pattern.matches(value))
    }
}

/// The quotation mark that is open after this letter, as systemd reads a command line (src/basic/extract-word.c): single ones quote, too,
/// and hide double ones. A word between two single ones is a part of a value to systemd, although the kernel takes it for a parameter.
const fn after(open: Option<char>, letter: char) -> Option<char> {
    match (open, letter) {
        (None, '"' | '\'') => Some(letter),
        (Some('"'), '"') | (Some('\''), '\'') => None,
        _ => open,
    }
}

/// Whether this can be the name of a parameter that varies: letters, digits, `.`, `_` and `-`, and none of the last two in front.
pub(super) fn is_name(text: &str) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.bytes().all(usual) && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}
