//! One boot entry, and the order in which boot loaders list entries.

use super::counter::Tries;
use super::version;
use crate::reason::Finding;
use std::cmp::{Ordering, Reverse};
use std::path::PathBuf;

/// An entry as it was found. Nothing about it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of its file without the boot counter, and `@PROFILE` for a profile of a UKI but the first.
    pub id: String,
    /// `type1` (a `.conf` file) or `type2` (a UKI).
    pub kind: &'static str,
    /// `esp`, `xbootldr` or `boot`.
    pub place: &'static str,
    /// Its file: the `.conf` file, or the UKI.
    pub path: PathBuf,
    /// Its title.
    pub title: Option<String>,
    /// Its version. That of a UKI is the version of the operating system, not of the kernel.
    pub version: Option<String>,
    /// The release of its kernel, as far as the entry names it.
    pub release: Option<String>,
    /// The key by which entries are grouped.
    pub sort_key: Option<String>,
    /// The ID of the machine that it was made for.
    pub machine_id: Option<String>,
    /// The boot counter, if it has one.
    pub tries: Option<Tries>,
    /// What it boots, or why it cannot be used.
    pub boots: Result<Boots, Finding>,
    /// What was ignored.
    pub notes: Vec<String>,
    /// The ID without `@PROFILE`.
    pub(super) file_id: String,
    /// The number of its profile, if it is one of several of a UKI.
    pub(super) profile: Option<usize>,
}

/// What an entry boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boots {
    /// The kernel or UKI.
    pub kernel: PathBuf,
    /// The initrds in order.
    pub initrds: Vec<PathBuf>,
    /// The command line, if the entry has one.
    pub options: Option<String>,
    /// The profile of the UKI, by its number.
    pub profile: Option<usize>,
    /// There are no initrd and no command line but these, and those that a UKI has.
    pub complete: bool,
}

impl Entry {
    /// Whether all attempts to boot it have failed.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.tries.is_some_and(|tries| tries.left == 0)
    }

    /// Whether this is its ID. The case of letters does not matter, and `.conf` or `.efi` may be left out.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let short = || self.id.rsplit_once('.').filter(|(_, suffix)| ["conf", "efi"].contains(suffix));
        self.id.eq_ignore_ascii_case(name) || short().is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(name))
    }

    /// The order of `bootctl list` (systemd, src/shared/bootspec.c, `boot_entry_compare`): bad entries last; entries with a sort key
    /// first, by sort key and machine ID, then the newest version; otherwise by ID, the highest first.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let grouped = || match (&self.sort_key, &other.sort_key) {
            (Some(one), Some(two)) => {
                let newest = version::compare(text(&other.version), text(&self.version));
                one.cmp(two).then_with(|| self.machine_id.cmp(&other.machine_id)).then(newest)
            }
            (one, two) => one.is_none().cmp(&two.is_none()),
        };
        self.is_bad()
            .cmp(&other.is_bad())
            .then_with(grouped)
            .then_with(|| version::compare(&other.file_id, &self.file_id))
            .then_with(|| self.profile.cmp(&other.profile))
            .then_with(|| failures(self).cmp(&failures(other)))
    }
}

/// More attempts left come first, then fewer that were made. Where systemd leaves the order open, no counter comes first: an order that is
/// not total would be none.
fn failures(entry: &Entry) -> Option<(Reverse<u32>, u32)> {
    entry.tries.map(|tries| (Reverse(tries.left), tries.done))
}

fn text(version: &Option<String>) -> &str {
    version.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::counter;
    use super::*;

    /// An entry from `FILE SORT-KEY MACHINE-ID VERSION`, where `-` stands for nothing.
    fn entry(line: &str) -> Entry {
        let mut words = line.split(' ').map(|word| Some(word.to_owned()).filter(|word| word != "-"));
        let mut next = || words.next().flatten();
        let (id, tries) = counter::without_counter(&next().unwrap());
        let profile = id.split_once('@').map(|(_, number)| number.parse().unwrap());
        let path = PathBuf::from(line);
        let [sort_key, machine_id, version] = [next(), next(), next()];
        let boots = Err(crate::reason::Reason::EntryFile.into());
        Entry {
            file_id: id.split('@').next().unwrap().to_owned(),
            id,
            kind: "type1",
            place: "esp",
            path,
            title: None,
            version,
            release: None,
            sort_key,
            machine_id,
            tries,
            boots,
            notes: Vec::new(),
            profile,
        }
    }

    #[test]
    fn the_order_of_bootctl() {
        let wanted = [
            // With a sort key, by it and the machine, then the newest version.
            "z.conf debian 1 6.12",
            "a.conf debian 1 6.1.49",
            "b.conf debian 1 6.1.9",
            "c.conf debian 2 6.13",
            "d.conf fedora - 6.11",
            // Equal but for the ID: the highest first.
            "f2.conf fedora 1 6.11",
            "f1.conf fedora 1 6.11",
            // The profiles of a UKI in their order.
            "u.efi ubuntu - 24.04",
            "u.efi@1 ubuntu - 24.04",
            "u.efi@2 ubuntu - 24.04",
            // The same ID: no counter, then more attempts left, then fewer made.
            "x.conf ubuntu - 23",
            "x+3-0.conf ubuntu - 23",
            "x+2-0.conf ubuntu - 23",
            "x+2-1.conf ubuntu - 23",
            // Without a sort key: by ID.
            "linux-6.12.conf - - 1",
            "linux-6.2.conf - - 2",
            // Bad, whatever their keys.
            "e+0-3.conf debian 1 7.0",
            "linux-7+0.conf - - -",
        ];
        let mut entries: Vec<_> = wanted.iter().rev().map(|line| entry(line)).collect();
        entries.sort_by(Entry::order);
        let found: Vec<_> = entries.iter().map(|entry| entry.path.to_str().unwrap()).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn an_entry_by_its_name() {
        let conf = entry("Debian-6.12+3.conf - - -");
        for (name, wanted) in [("debian-6.12.conf", true), ("Debian-6.12", true), ("Debian-6", false), ("", false)] {
            assert_eq!(conf.is_called(name), wanted, "{name}");
        }
    }
}
