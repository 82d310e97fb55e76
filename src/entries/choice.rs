//! From an ID or a version to the files to load.

use super::entry::{Boots, Entry};
use super::found::Found;
use super::installed::{Folders, configured_cmdline};
use super::version;
use crate::reason::{Finding, Reason};
use crate::sources::Root;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The files and the command line of one boot. Nothing of it was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The ID of the boot entry; `None` for a version that no entry names.
    pub entry: Option<String>,
    /// The release of the kernel, as far as it is known.
    pub release: Option<String>,
    /// The kernel or UKI.
    pub kernel: PathBuf,
    /// The initrds in order.
    pub initrds: Vec<PathBuf>,
    /// The command line.
    pub options: Options,
    /// The profile of a UKI, by its number.
    pub profile: Option<usize>,
    /// There are no initrd and no command line but these, and those that a UKI has.
    pub complete: bool,
}

/// Where the command line of a choice comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Options {
    /// The boot entry, or the file from which kernel-install makes entries.
    Given(String),
    /// Nothing names one: that of the running kernel is the best guess.
    Running,
    /// It is in the UKI, or there is none.
    #[default]
    Unsaid,
}

/// The entry with this ID, or the one that is started next (`default`), or the one-shot entry (`oneshot`).
///
/// # Errors
/// `no-entry`; or why the entry cannot be used.
pub fn by_id(root: &Root, id: &str) -> Result<Choice, Finding> {
    let Found { entries, marks, faults } = Found::read(root);
    let (entry, what) = match id {
        "default" => (marks.next(&entries), "there are no boot entries".to_owned()),
        "oneshot" => (marks.oneshot(&entries), "LoaderEntryOneShot names none".to_owned()),
        _ => (entries.iter().find(|entry| entry.is_called(id)), format!("no entry has the ID {id}")),
    };
    let unread = faults.first().map(|fault| format!("; {fault}")).unwrap_or_default();
    let entry = entry.ok_or_else(|| Finding::new(Reason::NoEntry, format!("{what}{unread}")))?;
    Choice::of(entry)
}

/// The installed kernel of this version: by a boot entry that names it, otherwise by its files.
///
/// # Errors
/// `no-such-version`.
pub fn by_version(root: &Root, wanted: &str) -> Result<Choice, Finding> {
    find(root, wanted, &Found::read(root).entries, &Folders::of(root))
}

/// The newest installed version, in the order of [`version::compare`].
///
/// # Errors
/// `no-such-version`, if no kernel is installed.
pub fn latest(root: &Root) -> Result<Choice, Finding> {
    let (entries, folders) = (Found::read(root).entries, Folders::of(root));
    let versions = all_versions(&entries, &folders);
    let newest = versions.iter().max_by(|one, other| version::compare(one, other));
    let newest = newest.ok_or_else(|| Finding::new(Reason::NoSuchVersion, "no kernel was found"))?;
    find(root, newest, &entries, &folders)
}

/// The IDs of all boot entries that can be booted, with the names of the marks, in the order of `bootctl list`.
#[must_use]
pub fn ids(root: &Root) -> Vec<String> {
    let Found { entries, marks, .. } = Found::read(root);
    let marked = [("default", marks.next(&entries)), ("oneshot", marks.oneshot(&entries))];
    let marked = marked.into_iter().filter_map(|(name, entry)| entry.map(|_| name.to_owned()));
    let usable = entries.iter().filter(|entry| entry.boots.is_ok()).map(|entry| entry.id.clone());
    marked.chain(usable).collect()
}

/// The versions of all installed kernels, the newest first.
#[must_use]
pub fn versions(root: &Root) -> Vec<String> {
    let mut versions: Vec<_> = all_versions(&Found::read(root).entries, &Folders::of(root)).into_iter().collect();
    versions.sort_by(|one, other| version::compare(other, one));
    versions
}

fn find(root: &Root, wanted: &str, entries: &[Entry], folders: &Folders) -> Result<Choice, Finding> {
    if let Some(entry) = entries.iter().find(|entry| entry.boots.is_ok() && entry.release.as_deref() == Some(wanted)) {
        return Choice::of(entry);
    }
    let installed = folders.find(wanted).ok_or_else(|| none(wanted, &all_versions(entries, folders)))?;
    let options = configured_cmdline(root).map_or(Options::Running, Options::Given);
    Ok(Choice {
        entry: None,
        release: Some(wanted.to_owned()),
        kernel: installed.kernel,
        initrds: installed.initrds,
        options,
        profile: None,
        complete: false,
    })
}

fn none(wanted: &str, versions: &BTreeSet<String>) -> Finding {
    const SHOWN: usize = 8;
    let mut newest: Vec<_> = versions.iter().map(String::as_str).collect();
    newest.sort_by(|one, other| version::compare(other, one));
    newest.truncate(SHOWN);
    let found = if newest.is_empty() { "no kernel".to_owned() } else { newest.join(", ") };
    Finding::new(Reason::NoSuchVersion, format!("{wanted}; found: {found}"))
}

fn all_versions(entries: &[Entry], folders: &Folders) -> BTreeSet<String> {
    let of_entries = entries.iter().filter(|entry| entry.boots.is_ok()).filter_map(|entry| entry.release.clone());
    folders.versions().into_iter().chain(of_entries).collect()
}

impl Choice {
    fn of(entry: &Entry) -> Result<Self, Finding> {
        let Boots { kernel, initrds, options, profile, complete } = entry.boots.clone()?;
        let options = options.map_or(Options::Unsaid, Options::Given);
        let (id, release) = (Some(entry.id.clone()), entry.release.clone());
        Ok(Self { entry: id, release, kernel, initrds, options, profile, complete })
    }
}
