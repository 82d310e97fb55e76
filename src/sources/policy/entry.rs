//! A value in a policy's text, and how it is read.

use super::{Choice, Origin, Setting};
use crate::reason::{Finding, Reason};
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'static str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The line of an offset, in bytes; the first is 1.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count().saturating_add(1)
    }

    pub(super) fn wrong(&self, span: Range<usize>, what: &str) -> Finding {
        Finding::new(Reason::PolicyFile, format!("{}:{}: {what}", self.file, self.line(span.start)))
    }
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    source: Source<'a>,
    pub(super) key: &'a str,
    /// The keys of the tables that it is in, each with a dot behind it.
    tables: String,
    key_span: Range<usize>,
    value: &'a Spanned<DeValue<'a>>,
}

/// The entries of the file, in the order of the text, so that the first error that is found is the first one in the file.
pub(super) fn entries<'a>(source: Source<'a>, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    within(source, "", table)
}

fn within<'a>(source: Source<'a>, tables: &str, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| {
            let (key, key_span) = (key.get_ref().as_ref(), key.span());
            Entry { source, key, tables: tables.to_owned(), key_span, value }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

impl<'a> Entry<'a> {
    fn setting<T>(&self, value: T) -> Setting<T> {
        let line = self.source.line(self.key_span.start);
        Setting { value, origin: Origin::File { file: self.source.file, line } }
    }

    /// The key as it stands in the documentation, and in `skexec policy`.
    pub(super) fn full_key(&self) -> String {
        format!("{}{}", self.tables, self.key)
    }

    /// The key is not what it should be.
    pub(super) fn wrong_key(&self, what: &str) -> Finding {
        self.source.wrong(self.key_span.clone(), what)
    }

    fn wrong_value(&self, wanted: &str) -> Finding {
        self.source.wrong(self.value.span(), &format!("{} must be {wanted}", self.full_key()))
    }

    pub(super) fn table(&self) -> Result<Vec<Entry<'a>>, Finding> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.wrong_value("a table"))?;
        Ok(within(self.source, &format!("{}.", self.full_key()), table))
    }

    /// One of a few texts.
    pub(super) fn choice<T: Choice>(&self) -> Result<Setting<T>, Finding> {
        let text = self.value.get_ref().as_str();
        let found = text.and_then(named).ok_or_else(|| self.wrong_value(&names::<T>()))?;
        Ok(self.setting(found))
    }

    /// A list of texts from a few, or one text for all of them.
    pub(super) fn choices<T: Choice>(&self, all: &str) -> Result<Setting<Vec<T>>, Finding> {
        if self.value.get_ref().as_str() == Some(all) {
            return Ok(self.setting(T::NAMES.iter().map(|(_, value)| *value).collect()));
        }
        self.list(&format!("\"{all}\" or a list of {}", names::<T>()), named)
    }

    /// A list of texts, each of which `read` understands.
    pub(super) fn list<T>(&self, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<Setting<Vec<T>>, Finding> {
        let list = self.value.get_ref().as_array().ok_or_else(|| self.wrong_value(wanted))?;
        let values = list.iter().map(|item| {
            let value = item.get_ref().as_str().and_then(&read);
            value.ok_or_else(|| self.source.wrong(item.span(), &format!("{} must be {wanted}", self.full_key())))
        });
        Ok(self.setting(values.collect::<Result<_, _>>()?))
    }

    /// A whole number in a range.
    pub(super) fn number<T>(&self, range: RangeInclusive<T>) -> Result<Setting<T>, Finding>
    where
        T: TryFrom<u64> + PartialOrd + std::fmt::Display,
    {
        let number = self.value.get_ref().as_integer();
        let number = number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number));
        let wanted = || format!("a number from {} to {}", range.start(), range.end());
        Ok(self.setting(number.ok_or_else(|| self.wrong_value(&wanted()))?))
    }
}

/// The value of a name.
pub(super) fn named<T: Choice>(name: &str) -> Option<T> {
    T::NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// `"a", "b" or "c"`.
fn names<T: Choice>() -> String {
    let quoted: Vec<_> = T::NAMES.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
