//! The parts of a UKI or of an add-on, as `inspect` shows them.

use crate::digest::Hashed;
use crate::hex;
use crate::image::Parsed;
use crate::image::uki::{Name, Part, Uki};
use serde::Serialize;
use std::slice::from_ref;

/// What a UKI or an add-on consists of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Bundle {
    /// The number of the profile that would be booted; nothing without profiles.
    profile: Option<usize>,
    profiles: Vec<ProfileLine>,
    parts: Vec<PartLine>,
}

#[derive(Debug, Clone, Serialize)]
struct ProfileLine {
    id: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct PartLine {
    name: &'static str,
    /// The number of the profile that it belongs to; nothing for the base.
    profile: Option<usize>,
    /// Whether a boot of the profile uses it.
    used: bool,
    bytes: usize,
    sha256: String,
    /// The text of `.cmdline` and `.uname`.
    text: Option<String>,
}

impl Bundle {
    pub(super) fn of<B: AsRef<[u8]>>(file: &Parsed<B>) -> Option<Self> {
        let uki = file.uki()?.ok()?;
        let profiles = uki.profiles.iter().map(|own| ProfileLine { id: own.id.clone(), title: own.title.clone() });
        Some(Self {
            profile: uki.chosen,
            profiles: profiles.collect(),
            parts: uki.parts.iter().map(|part| line(file.file(), uki, part)).collect(),
        })
    }

    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let profile = |(number, own): (usize, &ProfileLine)| {
            let chosen = if self.profile == Some(number) { ", chosen" } else { "" };
            let id = own.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
            let title = own.title.as_ref().map(|title| format!(" {title}")).unwrap_or_default();
            ("profile", format!("{number}{id}{title}{chosen}"))
        };
        let profiles = self.profiles.iter().enumerate().map(profile);
        profiles.chain(self.parts.iter().flat_map(PartLine::lines)).collect()
    }
}

fn line<B: AsRef<[u8]>>(file: &Hashed<B>, uki: &Uki, part: &Part) -> PartLine {
    let shown = matches!(part.name, Name::Cmdline | Name::Uname);
    PartLine {
        name: part.name.text(),
        profile: part.profile,
        used: uki.at(part.name).as_ref() == Some(&part.at),
        bytes: part.at.len(),
        sha256: hex::encode(&file.sha256(from_ref(&part.at))),
        text: part.text(file.bytes()).filter(|_| shown).map(Into::into),
    }
}

impl PartLine {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let place = self.profile.map_or_else(|| "base".to_owned(), |number| format!("profile {number}"));
        let used = if self.used { "" } else { ", not used" };
        let mut lines = vec![("part", format!("{:<9} {:>21} bytes, {place}{used}", self.name, self.bytes))];
        lines.push(("", self.sha256.clone()));
        lines.extend(self.text.clone().map(|text| ("", text)));
        lines
    }
}
