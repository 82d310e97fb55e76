//! The profiles of a UKI: several boots with one kernel.

use super::sections::{Name, Part};
use crate::reason::{Finding, Reason};

/// A profile, by its `.profile` section: lines `KEY=VALUE` as in os-release(5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// `ID`: printable ASCII without blanks, by which it can be chosen.
    pub id: Option<String>,
    /// `TITLE`, for people.
    pub title: Option<String>,
}

/// Parses all profiles.
///
/// # Errors
/// `uki-profile`: a line that is no assignment, a key that is given twice, an ID that nobody can give, or two profiles with one ID.
pub(super) fn parse(bytes: &[u8], parts: &[Part]) -> Result<Vec<Profile>, Finding> {
    let mut profiles: Vec<Profile> = Vec::new();
    for (number, part) in parts.iter().filter(|part| part.name == Name::Profile).enumerate() {
        let wrong = |what: String| Finding::new(Reason::UkiProfile, format!("profile {number}: {what}"));
        let profile = read(part.text(bytes).unwrap_or_default()).map_err(wrong)?;
        if let Some(other) = profiles.iter().position(|other| other.id.is_some() && other.id == profile.id) {
            return Err(wrong(format!("it has the ID of profile {other}")));
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

/// The number of the profile that is wanted: by its number, as `1` or `@1`, or else by its ID.
///
/// # Errors
/// `uki-profile`: there is no such profile.
pub(super) fn choose(profiles: &[Profile], wanted: Option<&str>) -> Result<Option<usize>, Finding> {
    let Some(wanted) = wanted else { return Ok((!profiles.is_empty()).then_some(0)) };
    let number = wanted.strip_prefix('@').unwrap_or(wanted).parse().ok();
    let found = match number {
        Some(number) => Some(number).filter(|number| *number < profiles.len()),
        None => profiles.iter().position(|profile| profile.id.as_deref() == Some(wanted)),
    };
    let none = || {
        let ids: Vec<_> = profiles.iter().enumerate().map(|(number, profile)| listed(number, profile)).collect();
        let there =
            if ids.is_empty() { "the file has no profiles".into() } else { format!("there are {}", ids.join(", ")) };
        Finding::new(Reason::UkiProfile, format!("{wanted} was asked for, and {there}"))
    };
    found.map(Some).ok_or_else(none)
}

fn listed(number: usize, profile: &Profile) -> String {
    profile.id.as_ref().map_or_else(|| number.to_string(), |id| format!("{number} ({id})"))
}

fn read(text: &str) -> Result<Profile, String> {
    let mut profile = Profile::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once('=').ok_or_else(|| format!("{line:?} is no assignment"))?;
        let field = match key {
            "ID" => &mut profile.id,
            "TITLE" => &mut profile.title,
            _ => continue,
        };
        if field.replace(unquoted(value).to_owned()).is_some() {
            return Err(format!("{key} is given twice"));
        }
    }
    match &profile.id {
        Some(id) if !can_be_given(id) => {
            Err(format!("ID {id:?} is not printable ASCII without blanks, or is a number"))
        }
        _ => Ok(profile),
    }
}

/// A number would be taken for that of a profile.
fn can_be_given(id: &str) -> bool {
    let number = id.strip_prefix('@').unwrap_or(id).bytes().all(|byte| byte.is_ascii_digit());
    !number && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}
