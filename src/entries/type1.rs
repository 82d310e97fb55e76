//! Entries of type 1: the text of `loader/entries/*.conf` (Boot Loader Specification, "Type #1 Boot Loader Specification Entries").

use super::text::pairs;
use crate::reason::{Finding, Reason};
use std::path::PathBuf;

/// What an entry starts. Paths are relative to the root of the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// `linux`: a kernel, with the initrds of the entry.
    Linux(PathBuf),
    /// `uki`: a unified kernel image; `profile` names one of its profiles by the number.
    Uki(PathBuf, Option<usize>),
    /// `efi`: any EFI program.
    Efi(PathBuf),
}

/// The text of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type1 {
    /// `title`
    pub title: Option<String>,
    /// `version`
    pub version: Option<String>,
    /// `machine-id`
    pub machine_id: Option<String>,
    /// `sort-key`
    pub sort_key: Option<String>,
    /// The values of all `options`, joined by blanks; `None` without that key.
    pub options: Option<String>,
    /// The program and the initrds, or why skexec cannot use them.
    pub program: Result<(Program, Vec<PathBuf>), Finding>,
    /// The keys that were ignored: the specification demands that unknown ones are.
    pub notes: Vec<String>,
}

/// The keys that a boot loader uses. Of a key that is repeated the last one counts, but `options` and `initrd` are lists.
#[derive(Default)]
struct Keys<'a> {
    title: Option<&'a str>,
    version: Option<&'a str>,
    machine_id: Option<&'a str>,
    sort_key: Option<&'a str>,
    architecture: Option<&'a str>,
    profile: Option<&'a str>,
    programs: Vec<(&'a str, &'a str)>,
    initrds: Vec<&'a str>,
    options: Vec<&'a str>,
    ignored: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(text: &'a str) -> Self {
        let mut keys = Self::default();
        for (key, value) in pairs(text) {
            match key {
                "title" => keys.title = Some(value),
                "version" => keys.version = Some(value),
                "machine-id" => keys.machine_id = Some(value),
                "sort-key" => keys.sort_key = Some(value),
                "architecture" => keys.architecture = Some(value),
                "profile" => keys.profile = Some(value),
                "linux" | "uki" | "uki-url" | "efi" => keys.programs.push((key, value)),
                "initrd" => keys.initrds.push(value),
                "options" => keys.options.push(value),
                ignored => keys.ignored.push(ignored),
            }
        }
        keys
    }

    fn program(&self) -> Result<(Program, Vec<PathBuf>), Finding> {
        self.fits_this_processor()?;
        self.no_variables()?;
        let (key, value) = self.programs.last().ok_or_else(|| wrong("it has none of the keys linux, uki and efi"))?;
        if let Some((other, _)) = self.programs.iter().find(|(other, _)| other != key) {
            return Err(wrong(format!("it has both {other} and {key}")));
        }
        let program = match *key {
            "linux" => Program::Linux(beneath(key, value)?),
            "uki" => Program::Uki(beneath(key, value)?, self.profile()?),
            "efi" => Program::Efi(beneath(key, value)?),
            _ => return Err(wrong("uki-url names a UKI on a network, and skexec loads files only")),
        };
        let initrds = self.initrds.iter().map(|value| beneath("initrd", value)).collect::<Result<_, _>>()?;
        Ok((program, initrds))
    }

    fn profile(&self) -> Result<Option<usize>, Finding> {
        let number = |text: &&str| text.parse().map_err(|_| wrong(format!("profile {text} is no number")));
        self.profile.as_ref().map(number).transpose()
    }

    fn fits_this_processor(&self) -> Result<(), Finding> {
        let own = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "aa64",
            other => other,
        };
        match self.architecture {
            Some(other) if !other.eq_ignore_ascii_case(own) => {
                Err(wrong(format!("it is for the architecture {other}, and this machine is {own}")))
            }
            _ => Ok(()),
        }
    }

    /// GRUB expands variables in entries; a line with an unexpanded one would boot without its root.
    fn no_variables(&self) -> Result<(), Finding> {
        let words = self.options.iter().chain(&self.initrds).flat_map(|value| value.split_ascii_whitespace());
        match words.into_iter().find(|word| word.starts_with('$')) {
            Some(word) => Err(wrong(format!("it uses the variable {word}, which only GRUB can expand"))),
            None => Ok(()),
        }
    }
}

impl Type1 {
    /// Parses the text of an entry.
    ///
    /// # Errors
    /// `entry-file`: the text is not UTF-8 or holds a NUL. What is wrong with its values is in `program`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(format!("it is not UTF-8: {error}")))?;
        if let Some(offset) = text.find('\0') {
            return Err(wrong(format!("it holds a NUL at byte {offset}")));
        }
        let keys = Keys::of(text);
        let owned = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
        Ok(Self {
            title: owned(keys.title),
            version: owned(keys.version),
            machine_id: owned(keys.machine_id),
            sort_key: owned(keys.sort_key),
            options: (!keys.options.is_empty()).then(|| keys.options.join(" ")),
            program: keys.program(),
            notes: keys.ignored.iter().map(|key| format!("the key {key} is ignored")).collect(),
        })
    }
}

/// A path below the root of the partition. Boot loaders take `/` and `\`, with or without one at the start.
fn beneath(key: &str, value: &str) -> Result<PathBuf, Finding> {
    let parts = || value.split(['/', '\\']).filter(|part| !part.is_empty());
    if parts().any(|part| part == "." || part == "..") {
        return Err(wrong(format!("the path of {key} has . or .. in it: {value}")));
    }
    if parts().next().is_none() || value.ends_with(['/', '\\']) {
        return Err(wrong(format!("{key} names no file: {value}")));
    }
    Ok(parts().collect())
}

fn wrong(what: impl Into<String>) -> Finding {
    Finding::new(Reason::EntryFile, what)
}

#[cfg(test)]
mod tests;
