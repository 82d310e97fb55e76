//! Finds the boot entries of this system.

use super::counter;
use super::entry::{Boots, Entry};
use super::marks::Marks;
use super::place::{Place, places};
use super::type1::{Program, Type1};
use super::type2::Type2;
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use crate::sources::root::{present, read_capped};
use std::fs;
use std::io;
use std::path::Path;

/// The maximum number of entries in one folder.
const MAX_ENTRIES: usize = 1000;
/// The maximum size of a `.conf` file, in bytes.
const MAX_CONF: u64 = 64 << 10;
/// The maximum size of a UKI that is read to list it, in bytes.
const MAX_UKI: u64 = 1 << 30;

/// The entries of this system, and which of them is started next.
#[derive(Debug)]
pub struct Found {
    /// In the order of `bootctl list`.
    pub entries: Vec<Entry>,
    /// What was chosen for the next start.
    pub marks: Marks,
    /// Which folders could not be read, or not wholly, and why.
    pub faults: Vec<String>,
}

impl Found {
    /// Finds them. A fault of one entry does not hide the others.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let places = places(root);
        let mut found = Self { entries: Vec::new(), marks: Marks::read(root, &places), faults: Vec::new() };
        for place in &places {
            found.folder(place, "loader/entries", ".conf", type1);
            found.folder(place, "EFI/Linux", ".efi", type2);
        }
        found.entries.sort_by(Entry::order);
        found
    }

    fn folder(&mut self, place: &Place, folder: &str, suffix: &str, read: fn(&Place, &Path, &str) -> Vec<Entry>) {
        let folder = place.path.join(folder);
        let names = names(&folder, suffix).unwrap_or_else(|error| {
            self.faults.push(format!("{}: {error}", folder.display()));
            Vec::new()
        });
        if names.len() > MAX_ENTRIES {
            let what = format!("{} entries, of which only {MAX_ENTRIES} are read", names.len());
            self.faults.push(format!("{}: {what}", folder.display()));
        }
        self.entries.extend(names.iter().take(MAX_ENTRIES).flat_map(|name| read(place, &folder.join(name), name)));
    }
}

/// The files of a folder that boot loaders take for entries (systemd, src/boot/boot.c), sorted. A folder that does not exist has none.
fn names(folder: &Path, suffix: &str) -> io::Result<Vec<String>> {
    let Some(files) = present(fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for file in files {
        // A name that is no UTF-8 cannot be chosen.
        names.extend(file?.file_name().into_string().ok().filter(|name| is_entry(name, suffix)));
    }
    names.sort();
    Ok(names)
}

fn is_entry(name: &str, suffix: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(suffix) && !name.starts_with('.') && !name.starts_with("auto-")
}

/// An entry of which only the file's name is known.
fn bare(kind: &'static str, place: &Place, path: &Path, name: &str, boots: Result<Boots, Finding>) -> Entry {
    let (id, tries) = counter::without_counter(name);
    Entry {
        file_id: id.clone(),
        id,
        kind,
        place: place.kind,
        path: path.to_owned(),
        title: None,
        version: None,
        release: None,
        sort_key: None,
        machine_id: None,
        tries,
        boots: boots.map_err(|finding| finding.in_file(path)),
        notes: Vec::new(),
        profile: None,
    }
}

fn content(place: &Place, path: &Path, max: u64) -> Result<Vec<u8>, Finding> {
    let relative = path.strip_prefix(&place.path).unwrap_or(path);
    let path = place.resolve(relative)?;
    read_capped(&path, max).map_err(|error| Finding::new(Reason::Unreadable, error.to_string()))
}

fn type1(place: &Place, path: &Path, name: &str) -> Vec<Entry> {
    let parsed = content(place, path, MAX_CONF).and_then(|bytes| Type1::parse(&bytes));
    let entry = match parsed {
        Err(finding) => bare("type1", place, path, name, Err(finding)),
        Ok(text) => {
            let boots = resolved(place, &text);
            let release = boots.is_ok().then(|| text.version.clone()).flatten();
            let Type1 { title, version, machine_id, sort_key, notes, .. } = text;
            let bare = bare("type1", place, path, name, boots);
            Entry { title, version, release, machine_id, sort_key, notes, ..bare }
        }
    };
    vec![entry]
}

/// The files that an entry of type 1 names, all of which must exist.
fn resolved(place: &Place, text: &Type1) -> Result<Boots, Finding> {
    let (program, initrds) = text.program.clone()?;
    let (kernel, profile, complete) = match program {
        Program::Linux(kernel) => (kernel, None, true),
        Program::Uki(kernel, profile) => (kernel, profile, false),
        Program::Efi(kernel) => (kernel, None, false),
    };
    Ok(Boots {
        kernel: place.resolve(&kernel)?,
        initrds: initrds.iter().map(|initrd| place.resolve(initrd)).collect::<Result<_, _>>()?,
        options: text.options.clone(),
        profile,
        complete,
    })
}

fn type2(place: &Place, path: &Path, name: &str) -> Vec<Entry> {
    let profiles = match content(place, path, MAX_UKI).and_then(|bytes| Type2::all(&bytes)) {
        Err(finding) => return vec![bare("type2", place, path, name, Err(finding))],
        Ok(profiles) => profiles,
    };
    let entry = |profile: Type2| {
        let (kernel, profile_number) = (path.to_owned(), profile.profile);
        let boots = Boots { kernel, initrds: Vec::new(), options: None, profile: profile_number, complete: false };
        let bare = bare("type2", place, path, name, Ok(boots));
        let id = profile.suffix.map_or_else(|| bare.id.clone(), |suffix| format!("{}@{suffix}", bare.id));
        Entry {
            id,
            title: Some(profile.title),
            version: profile.version,
            release: profile.release,
            sort_key: profile.sort_key,
            profile: profile.profile,
            ..bare
        }
    };
    profiles.into_iter().map(entry).collect()
}
