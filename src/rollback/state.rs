//! The state file, and what a boot makes of it.

use super::{PATH, Version};
use crate::machine::{self, Release, started_by_kexec};
use crate::sources::Root;
use crate::sources::files::read_system_file;
use crate::sources::replace::{Step, in_steps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// The format that this skexec writes and reads.
const SCHEMA: u32 = 1;
/// The largest file, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) schema: u32,
    /// The highest version that has booted, by the manifest's name.
    pub(super) highest: BTreeMap<String, u64>,
    /// What the last load expects to boot next.
    pub(super) expected: Option<Expected>,
}

impl Default for State {
    fn default() -> Self {
        Self { schema: SCHEMA, highest: BTreeMap::new(), expected: None }
    }
}

/// A boot that is expected, and by what it will be recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) version: u64,
    /// The boot in which it was loaded.
    pub(super) boot_id: String,
    /// What the kernel calls itself; nothing where its file does not tell.
    pub(super) release: Option<String>,
    pub(super) cmdline: String,
}

impl Expected {
    pub(super) fn version(&self) -> Version {
        Version { name: self.name.clone(), number: self.version }
    }
}

/// What the running kernel shows about this boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Now {
    boot_id: Option<String>,
    release: String,
    cmdline: String,
    /// Whether the boot loader was kexec; nothing on processors whose kernel does not show it.
    by_kexec: Option<bool>,
}

impl Now {
    pub(super) fn read(root: &Root) -> Self {
        Self {
            boot_id: machine::boot_id(root),
            release: Release::read(root).text,
            cmdline: root.text("/proc/cmdline").unwrap_or_default(),
            by_kexec: started_by_kexec(root),
        }
    }

    /// Whether this is another boot than the one with this ID. Where no ID can be read, it is taken for the same.
    fn is_after(&self, boot_id: &str) -> bool {
        self.boot_id.as_deref().is_some_and(|own| own != boot_id)
    }

    /// Whether this is the boot that was expected: started by kexec, with that release and that command line. After a failed boot
    /// the firmware starts its own, with another boot loader's number.
    pub(super) fn shows(&self, expected: &Expected) -> bool {
        self.is_after(&expected.boot_id)
            && self.by_kexec.unwrap_or(true)
            && expected.release.as_ref().is_none_or(|release| *release == self.release)
            && self.cmdline.trim() == expected.cmdline.trim()
    }
}

impl State {
    /// Reads the file; without one, the state of a machine that has booted nothing.
    ///
    /// # Errors
    /// What makes it unreadable: the system's error, another owner than root, JSON of another form.
    pub(super) fn read(root: &Root) -> io::Result<Self> {
        let bytes = read_system_file(root, PATH, MAX_SIZE).map_err(|error| io::Error::other(error.what))?;
        let Some(bytes) = bytes else { return Ok(Self::default()) };
        let state: Self = serde_json::from_slice(&bytes)?;
        if state.schema != SCHEMA {
            return Err(io::Error::other(format!("it has schema {}, which this skexec does not know", state.schema)));
        }
        Ok(state)
    }

    /// Puts it in the place of the file.
    ///
    /// # Errors
    /// Those of the system; the file is as it was then.
    pub(super) fn write(&self, root: &Root) -> io::Result<()> {
        self.write_in_steps(root, &mut |_| Ok(()))
    }

    pub(super) fn write_in_steps(&self, root: &Root, before: &mut dyn FnMut(Step) -> io::Result<()>) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        in_steps(&root.path(PATH), &text, 0o644, before)
    }

    /// What remains in this boot: the expected boot has come, raises the highest version and is expected no more; or another boot
    /// has come instead; or it is still expected.
    pub(super) fn settled(mut self, now: &Now) -> Self {
        let Some(expected) = self.expected.take_if(|expected| now.is_after(&expected.boot_id)) else { return self };
        if now.shows(&expected) {
            let highest = self.highest.entry(expected.name).or_default();
            *highest = expected.version.max(*highest);
        }
        self
    }
}
