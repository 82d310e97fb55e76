//! Protection against older boots: the highest version that has booted of each manifest's name, kept in /var/lib/skexec.
//!
//! A load notes what it expects to boot. In the next boot, the running kernel shows whether it was that: then the version has
//! booted, and lower ones are refused from then on. In an initramfs there is no such file; there only the policy's least
//! versions count.

mod state;

use crate::machine::boot_id;
use crate::reason::{Finding, Reason};
use crate::sources::{Root, lock};
use state::{Expected, Now, State};
use std::collections::BTreeMap;
use std::io;

/// The state file.
pub(crate) const PATH: &str = "/var/lib/skexec/manifests.json";

/// A version of a boot, as a manifest gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// The manifest's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) number: u64,
}

/// The versions that have booted on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Booted(BTreeMap<String, u64>);

impl Booted {
    /// Reads them, with what this boot adds to them. No file means that no version has booted.
    ///
    /// # Errors
    /// `manifest-state`: the file cannot be read, is damaged, or others than root may write to it.
    pub(crate) fn read(root: &Root) -> Result<Self, Finding> {
        let state = State::read(root).map_err(unusable)?;
        Ok(Self(state.settled(&Now::read(root)).highest))
    }

    /// Refuses a version that is lower than one that has booted.
    ///
    /// # Errors
    /// `manifest-rollback`
    pub(crate) fn check(&self, version: &Version) -> Result<(), Finding> {
        match self.0.get(&version.name) {
            Some(highest) if version.number < *highest => {
                let Version { name, number } = version;
                let seen = format!("{name} has version {number}; version {highest} has booted on this machine");
                Err(Finding::new(Reason::ManifestRollback, seen))
            }
            _ => Ok(()),
        }
    }
}

/// Notes what the running kernel was given to boot next: a manifest's version with the kernel's release and command line, or,
/// without a manifest, nothing. Of what a kernel file calls itself, the first word is the release that it will show when it runs.
///
/// # Errors
/// Those of reading and writing the file.
pub(crate) fn expect(root: &Root, version: Option<&Version>, release: Option<&str>, cmdline: &str) -> io::Result<()> {
    let expected = version.zip(boot_id(root)).map(|(version, boot_id)| Expected {
        name: version.name.clone(),
        version: version.number,
        boot_id,
        release: release.and_then(|text| text.split_whitespace().next()).map(Into::into),
        cmdline: cmdline.into(),
    });
    if expected.is_none() && !root.has(PATH) {
        return Ok(());
    }
    update(root, |state| State { expected, ..state }).map(drop)
}

/// Raises the highest version, where this boot is the one that was expected. Returns the version, if there is one.
///
/// # Errors
/// `manifest-state`: the file cannot be read or written.
pub(crate) fn settle(root: &Root) -> Result<Option<Version>, Finding> {
    if root.has(PATH) { update(root, |state| state).map_err(unusable) } else { Ok(None) }
}

fn unusable(error: io::Error) -> Finding {
    Finding::new(Reason::ManifestState, format!("{PATH}: {error}"))
}

/// Settles the state and changes it. The lock keeps other processes from doing the same at the same time.
fn update(root: &Root, change: impl FnOnce(State) -> State) -> io::Result<Option<Version>> {
    let _lock = lock::state(root)?;
    let (before, now) = (State::read(root)?, Now::read(root));
    let booted = before.expected.as_ref().filter(|expected| now.shows(expected)).map(Expected::version);
    let after = change(before.clone().settled(&now));
    if after != before {
        after.write(root)?;
    }
    Ok(booted)
}

#[cfg(test)]
mod tests;
