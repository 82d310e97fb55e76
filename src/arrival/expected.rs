//! What is expected of the next boot.

use crate::machine::Loader;
use crate::sources::Root;
use serde::{Deserialize, Serialize};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// The format that this skexec writes.
pub(super) const SCHEMA: u32 = 1;

/// What the next boot is expected to be, and who expects it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expected {
    pub(super) schema: u32,
    /// The boot in which this was written.
    pub(super) boot_id: String,
    /// The release of the kernel that ran then.
    pub(crate) from: String,
    /// What skexec loaded; nothing for an image that it has no record of.
    pub(crate) image: Option<Image>,
    /// The jump; nothing as long as skexec was not asked for it.
    pub(crate) exec: Option<Exec>,
}

/// A loaded image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    /// When it was loaded, in seconds since 1970.
    pub(crate) time: u64,
    /// Who loaded it.
    pub(crate) by: Option<Loader>,
    /// The skexec that loaded it.
    pub(crate) skexec: String,
    /// `file` or `segments`.
    pub(crate) method: String,
    /// Where the kernel was read from.
    pub(crate) kernel: String,
    /// What the kernel calls itself.
    pub(crate) release: Option<String>,
    /// SHA-256 of the kernel's file, in hexadecimal.
    pub(crate) kernel_sha256: String,
    /// SHA-256 of all initrds, joined; nothing where there is none, or where it was not computed.
    pub(crate) initrd_sha256: Option<String>,
    /// SHA-256 of the command line.
    pub(crate) cmdline_sha256: String,
    /// Its boot data carry a mark, which the next kernel shows.
    pub(crate) marked: bool,
}

/// A jump that skexec was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exec {
    /// When, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// Who asked.
    pub(crate) by: Loader,
    /// The init system stops the services first.
    pub(crate) clean: bool,
    /// The seconds after which the watchdog resets the machine, where it was armed.
    #[serde(default)]
    pub(crate) watchdog: Option<u32>,
    /// It was scheduled for that time, and not made at once.
    #[serde(default)]
    pub(crate) scheduled: bool,
}

impl Expected {
    /// Whether this skexec knows the format.
    ///
    /// # Errors
    /// That it does not.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.schema == SCHEMA {
            return Ok(());
        }
        Err(io::Error::other(format!("it has schema {}, which this skexec does not know", self.schema)))
    }
}

impl Exec {
    /// A jump that this process makes now.
    pub(crate) fn now(root: &Root, clean: bool) -> Self {
        Self { time_ms: now_ms(), by: Loader::this_process(root), clean, watchdog: None, scheduled: false }
    }

    /// Whether it was scheduled for a time that clearly had not come at this one, in milliseconds since 1970.
    pub(super) fn is_after(&self, time_ms: u64) -> bool {
        /// Clocks differ by less, before and after a boot.
        const CLEARLY_MS: u64 = 60_000;
        self.scheduled && time_ms.checked_add(CLEARLY_MS).is_some_and(|time_ms| time_ms < self.time_ms)
    }
}

/// The time of the clock, in milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

impl Image {
    /// The first word of what the kernel calls itself is the release that it shows when it runs.
    pub(super) fn short_release(&self) -> Option<&str> {
        self.release.as_deref()?.split_whitespace().next()
    }
}
