//! What the running kernel shows about its own boot.

use super::expected::Expected;
use super::signs::Signs;
use crate::digest::sha256;
use crate::hex;
use crate::machine::{Release, boot_id, mark, started_by_kexec};
use crate::sources::Root;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the running kernel shows about its own boot.
#[derive(Debug, Clone)]
pub(super) struct Now {
    pub(super) boot_id: Option<String>,
    pub(super) release: String,
    pub(super) cmdline_sha256: String,
    /// Whether the boot loader was kexec; nothing on processors whose kernel does not show it.
    pub(super) by_kexec: Option<bool>,
    /// Whether a mark would be shown.
    pub(super) shows_marks: bool,
    /// What the previous kernel's skexec says by its mark.
    pub(super) mark: Option<Expected>,
    /// When this kernel started, in milliseconds since 1970.
    pub(super) start_ms: Option<u64>,
    pub(super) signs: Signs,
}

impl Now {
    pub(super) fn read(root: &Root) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        Self::at(root, time.and_then(|since| since.as_millis().try_into().ok()))
    }

    /// With the time of the clock.
    pub(super) fn at(root: &Root, clock_ms: Option<u64>) -> Self {
        Self {
            boot_id: boot_id(root),
            release: Release::read(root).text,
            cmdline_sha256: cmdline_sha256(&root.text("/proc/cmdline").unwrap_or_default()),
            by_kexec: started_by_kexec(root),
            shows_marks: mark::is_shown(root),
            mark: mark::read(root).and_then(|bytes| marked(&bytes)),
            start_ms: clock_ms.zip(uptime_ms(root)).and_then(|(clock, uptime)| clock.checked_sub(uptime)),
            signs: Signs::read(root),
        }
    }

    pub(super) fn is(&self, boot_id: &str) -> bool {
        self.boot_id.as_deref() == Some(boot_id)
    }

    /// Whether this is another boot than the one with this ID. Where no ID can be read, it is taken for the same.
    pub(super) fn is_after(&self, boot_id: &str) -> bool {
        self.boot_id.as_deref().is_some_and(|own| own != boot_id)
    }
}

/// A mark of a format that this skexec knows.
fn marked(bytes: &[u8]) -> Option<Expected> {
    serde_json::from_slice(bytes).ok().filter(|expected: &Expected| expected.check().is_ok())
}

/// The digest of a command line, without the blanks at its ends, which the kernel may drop.
pub(crate) fn cmdline_sha256(cmdline: &str) -> String {
    hex::encode(&sha256(&[cmdline.trim().as_bytes()]))
}

/// How long the kernel has been running, by the first number in /proc/uptime.
fn uptime_ms(root: &Root) -> Option<u64> {
    let text = root.text("/proc/uptime")?;
    let (whole, hundredths) = text.split(' ').next()?.split_once('.')?;
    let [whole, hundredths] = [whole, hundredths].map(str::parse::<u64>);
    whole.ok()?.checked_mul(1000)?.checked_add(hundredths.ok()?.checked_mul(10)?)
}
