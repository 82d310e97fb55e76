//! Sections that hold text.

use super::sections::{Name, Part};
use crate::reason::{Finding, Reason};

const TEXTS: [Name; 4] = [Name::Cmdline, Name::Uname, Name::Osrel, Name::Profile];

/// Demands that each section of text is UTF-8 and that only padding follows a NUL in it: one reader would stop at the NUL, and
/// another would go on.
pub(super) fn check(bytes: &[u8], parts: &[Part]) -> Result<(), Finding> {
    for part in parts.iter().filter(|part| TEXTS.contains(&part.name)) {
        let content = bytes.get(part.at.clone()).unwrap_or_default();
        read(content).map_err(|what| Finding::new(Reason::UkiText, format!("{}: {what}", part.name.text())))?;
    }
    Ok(())
}

/// The text of a section that [`check`] has passed, without blanks and control characters around it, as the stub trims a command line.
pub(super) fn trimmed(content: &[u8]) -> Option<&str> {
    Some(read(content).ok()?.trim_matches(|letter: char| letter <= ' ' || letter == '\u{7f}'))
}

fn read(content: &[u8]) -> Result<&str, String> {
    let text =
        std::str::from_utf8(content).map_err(|error| format!("no UTF-8 from byte {} on", error.valid_up_to()))?;
    let text = text.trim_end_matches('\0');
    match text.find('\0') {
        Some(at) => Err(format!("text follows the NUL at byte {at}")),
        None => Ok(text),
    }
}
