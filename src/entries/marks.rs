//! Which entry systemd-boot starts next: EFI variables of its vendor, and `loader.conf` (systemd, src/boot/boot.c,
//! `config_select_default_entry`; Boot Loader Interface). Reading them changes nothing, so a one-shot choice stays.

use super::entry::Entry;
use super::pattern::Pattern;
use super::place::Place;
use super::text::pairs;
use crate::sources::Root;
use crate::sources::efi;
use crate::sources::root::read_capped;

/// Vendor of the Boot Loader Interface's variables.
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// In `LoaderEntryDefault` and `loader.conf`: the entry of `LoaderEntryLastBooted`.
const SAVED: &str = "@saved";
/// The maximum size of `loader.conf`, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// What was chosen, as patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    oneshot: Option<String>,
    /// Not taken for a bad entry: `LoaderEntryPreferred`, then `preferred` of `loader.conf`.
    preferred: [Option<String>; 2],
    /// Taken for a bad entry, too: `LoaderEntryDefault`, then `default` of `loader.conf`.
    default: [Option<String>; 2],
}

impl Marks {
    /// Reads the variables, and `loader.conf` of the first place. A variable that cannot be read or is no UTF-16 counts
    /// as absent, as for systemd-boot.
    #[must_use]
    pub fn read(root: &Root, places: &[Place]) -> Self {
        let saved = |pattern: Option<String>| match pattern {
            Some(text) if text.eq_ignore_ascii_case(SAVED) => variable(root, "LoaderEntryLastBooted"),
            other => other,
        };
        let file = places.first().and_then(|place| read_capped(&place.path.join("loader/loader.conf"), MAX_FILE).ok());
        let file = String::from_utf8_lossy(&file.unwrap_or_default()).into_owned();
        let set = |key: &str| {
            let values = pairs(&file).filter(|(found, value)| *found == key && supported(value));
            values.last().map(|(_, value)| value.to_owned())
        };
        Self {
            oneshot: variable(root, "LoaderEntryOneShot"),
            preferred: [variable(root, "LoaderEntryPreferred"), set("preferred")].map(saved),
            default: [variable(root, "LoaderEntryDefault"), set("default")].map(saved),
        }
    }

    /// The entry of `LoaderEntryOneShot`.
    #[must_use]
    pub fn oneshot<'a>(&self, entries: &'a [Entry]) -> Option<&'a Entry> {
        first(self.oneshot.as_ref(), entries)
    }

    /// The entry that systemd-boot starts next if nobody chooses another: the one-shot entry, else the preferred one unless it is
    /// bad, else the default one, else the first. The entries must be in order.
    #[must_use]
    pub fn next<'a>(&self, entries: &'a [Entry]) -> Option<&'a Entry> {
        let preferred = self.preferred.iter().filter_map(|pattern| first(pattern.as_ref(), entries));
        let default = self.default.iter().filter_map(|pattern| first(pattern.as_ref(), entries));
        let chosen = preferred.filter(|entry| !entry.is_bad()).chain(default).next();
        self.oneshot(entries).or(chosen).or_else(|| entries.iter().find(|entry| entry.boots.is_ok()))
    }
}

/// systemd-boot ignores words with `@` that it does not know.
fn supported(value: &str) -> bool {
    !value.starts_with('@') || value.eq_ignore_ascii_case(SAVED)
}

/// The first usable entry that a pattern matches. systemd-boot leaves out entries that it cannot use.
fn first<'a>(pattern: Option<&String>, entries: &'a [Entry]) -> Option<&'a Entry> {
    let pattern = Pattern::parse(pattern?)?;
    entries.iter().find(|entry| entry.boots.is_ok() && pattern.matches(&entry.id))
}

/// A variable's text: UTF-16, little-endian, up to the first NUL.
fn variable(root: &Root, name: &str) -> Option<String> {
    let data = efi::variable(root, name, LOADER).ok()??.data;
    let (units, rest) = data.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0).collect();
    String::from_utf16(&units).ok().filter(|text| rest.is_empty() && !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::place::places;
    use super::*;
    use crate::sources::testing::{Tree, set_variable};

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    /// The next entry of four, of which `bad` is bad, with these variables and this `loader.conf`.
    fn next(variables: &[(&str, &str)], file: &str) -> String {
        let tree = Tree::new();
        for (name, value) in variables {
            set_variable(&tree, name, LOADER, 7, &utf16(value));
        }
        tree.write("/boot/loader/loader.conf", file);
        for name in ["one.conf", "two.conf", "bad+0-1.conf"] {
            tree.write(&format!("/boot/loader/entries/{name}"), "linux /k\nsort-key x\n");
        }
        tree.write("/boot/loader/entries/zzz.conf", "title unusable\nsort-key a\n");
        tree.write("/boot/k", "");
        let found = super::super::Found::read(tree.root());
        Marks::read(tree.root(), &places(tree.root())).next(&found.entries).unwrap().id.clone()
    }

    #[test]
    fn the_entry_that_is_started_next() {
        let [oneshot, preferred, default] =
            [("LoaderEntryOneShot", "ONE*"), ("LoaderEntryPreferred", "two.conf"), ("LoaderEntryDefault", "bad.conf")];
        let last = ("LoaderEntryLastBooted", "one.conf");
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
        let rows: [Row<'_>; 13] = [
            (&[], "", "two.conf"),
            (&[], "default o?e.conf", "one.conf"),
            (&[], "default one.conf\ndefault two.conf", "two.conf"),
            (&[], "default zzz.conf", "two.conf"),
            (&[default], "default one.conf", "bad.conf"),
            (&[("LoaderEntryDefault", "gone.conf")], "default one.conf", "one.conf"),
            (&[preferred, default], "", "two.conf"),
            (&[("LoaderEntryPreferred", "bad.conf")], "preferred bad*\ndefault one.conf", "one.conf"),
            (&[oneshot, preferred, default], "default two.conf", "one.conf"),
            (&[("LoaderEntryOneShot", "none")], "default one.conf", "one.conf"),
            (&[last], "default @saved", "one.conf"),
            (&[last, ("LoaderEntryDefault", "@SAVED")], "default two.conf", "one.conf"),
            (&[last], "default @other", "two.conf"),
        ];
        for (variables, file, wanted) in rows {
            assert_eq!(next(variables, file), wanted, "{variables:?} {file}");
        }
    }

    #[test]
    fn a_variable_that_is_no_text_is_absent() {
        let tree = Tree::new();
        for data in [b"".as_slice(), b"a", b"a\0b", b"\0\xd8\0\0", b"\0\0a\0"] {
            set_variable(&tree, "LoaderEntryOneShot", LOADER, 7, data);
            assert_eq!(Marks::read(tree.root(), &[]), Marks::default(), "{data:?}");
        }
        set_variable(&tree, "LoaderEntryOneShot", LOADER, 7, b"a\0b\0\0\0c\0");
        assert_eq!(Marks::read(tree.root(), &[]).oneshot.as_deref(), Some("ab"));
    }
}
