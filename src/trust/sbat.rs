//! SBAT: the generations of an image's components, and the least generation that is allowed (shim, SBAT.md).

use crate::image::pe::{Pe, Section};
use crate::reason::{Finding, Reason};
use std::collections::BTreeMap;
use std::fmt;

/// component_name, generation, vendor_name, vendor_package_name, vendor_version, vendor_url.
const COLUMNS: usize = 6;
/// The section's name, all eight bytes of it.
const SECTION: [u8; 8] = *b".sbat\0\0\0";
/// The byte order mark that some editors write before UTF-8; shim skips it, too.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The least permitted generation of each component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// The date in the first line, as it was written.
    pub date: String,
    generations: BTreeMap<Vec<u8>, u32>,
}

/// The rule that a text breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl Level {
    /// Parses `SbatLevelRT`: `sbat,1,2025051000`, then a line `component,generation` each.
    ///
    /// # Errors
    /// A line is malformed, or names a component a second time.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut level = Self::default();
        for (index, line) in lines(bytes)?.into_iter().enumerate() {
            let mut columns = line.split(|byte| *byte == b',');
            let (name, generation) = entry(&mut columns, line)?;
            if index == 0 {
                if name != b"sbat" {
                    return Err(malformed("the first line is not sbat's", line));
                }
                level.date = columns.next().map(|date| String::from_utf8_lossy(date).into_owned()).unwrap_or_default();
            }
            if level.generations.insert(name.to_vec(), generation).is_some() {
                return Err(malformed("a component is named again", line));
            }
        }
        if level.generations.is_empty() { Err(Malformed("it is empty".to_owned())) } else { Ok(level) }
    }

    /// Whether a component is of a generation that is too low.
    fn refuses(&self, name: &[u8], generation: u32) -> Option<u32> {
        self.generations.get(name).copied().filter(|least| generation < *least)
    }
}

/// Compares an image's generations with the level, if there is one. An image without a `.sbat` section is permitted, as shim permits
/// it for kernels that are started through its protocol. An image with a malformed section is always refused.
///
/// # Errors
/// `sbat`: a component's generation is too low, or the section is malformed.
pub fn check(pe: &Pe, bytes: &[u8], level: Option<&Level>) -> Result<(), Finding> {
    for (name, generation) in components(pe, bytes)? {
        if let Some(least) = level.and_then(|level| level.refuses(&name, generation)) {
            let name = String::from_utf8_lossy(&name);
            let seen = format!("{name} is of generation {generation}, the least allowed is {least}");
            return Err(Finding::new(Reason::Sbat, seen));
        }
    }
    Ok(())
}

/// The components that an image names, with their generations; empty if it has no `.sbat`.
///
/// # Errors
/// `sbat`: the section is malformed.
pub fn components(pe: &Pe, bytes: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, Finding> {
    let refused = |Malformed(what)| Finding::new(Reason::Sbat, format!("malformed .sbat section: {what}"));
    match section(bytes, pe).map_err(refused)? {
        None => Ok(Vec::new()),
        Some(content) => parse_components(content).map_err(refused),
    }
}

fn section<'a>(bytes: &'a [u8], pe: &Pe) -> Result<Option<&'a [u8]>, Malformed> {
    let mut sections = pe.sections.iter().filter(|section| section.name == SECTION);
    let Some(section) = sections.next() else { return Ok(None) };
    if sections.next().is_some() {
        return Err(Malformed("there are two of them".to_owned()));
    }
    content(bytes, section)
        .map(Some)
        .ok_or_else(|| Malformed("it has relocations, or is shorter in the file than in memory".to_owned()))
}

fn content<'a>(bytes: &'a [u8], section: &Section) -> Option<&'a [u8]> {
    if section.relocations != 0 {
        return None;
    }
    bytes.get(section.raw.clone())?.get(..section.virtual_size)
}

fn parse_components(bytes: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, Malformed> {
    let mut components = Vec::new();
    for line in lines(bytes)? {
        if line.split(|byte| *byte == b',').count() < COLUMNS {
            return Err(malformed("a line has fewer than six columns", line));
        }
        let (name, generation) = entry(&mut line.split(|byte| *byte == b','), line)?;
        components.push((name.to_vec(), generation));
    }
    if components.is_empty() { Err(Malformed("it is empty".to_owned())) } else { Ok(components) }
}

/// The lines that are not empty. NULs may follow the text as padding, but no text may follow them.
fn lines(bytes: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let (text, padding) = text.split_at_checked(end).unwrap_or((text, &[]));
    if padding.iter().any(|byte| *byte != 0) {
        return Err(Malformed("there is a NUL in the text".to_owned()));
    }
    Ok(text.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()).collect())
}

/// The first two columns. A generation that is not a number is an error; shim reads it as 0.
fn entry<'a>(columns: &mut impl Iterator<Item = &'a [u8]>, line: &[u8]) -> Result<(&'a [u8], u32), Malformed> {
    let name = columns.next().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| malformed("a component has no name", line))?;
    let generation = columns.next().and_then(number);
    Ok((name, generation.ok_or_else(|| malformed("a generation is no number", line))?))
}

/// Parses decimal digits only; `+1`, ` 1` and `1x` are refused.
fn number(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn malformed(what: &str, line: &[u8]) -> Malformed {
    let shown = line.get(..line.len().min(80)).unwrap_or_default();
    Malformed(format!("{what}: {:?}", String::from_utf8_lossy(shown)))
}

#[cfg(test)]
mod tests;
