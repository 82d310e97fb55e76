//! The two ends of the guest's second serial port: the harness asks, the agent answers, one JSON document a line.
//!
//! The first serial port stays the kernel's console, so that kernel messages never tear an answer apart.

pub mod capture;
pub mod facts;

use serde::{Deserialize, Serialize};

/// Starts every line of the agent's; anything else on the port is noise (firmware, a dying kernel).
pub const PREFIX: &str = "@skexec-vm ";

/// What the harness asks for: one command line, run by the guest's shell.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub id: u64,
    pub command: String,
}

/// What the agent says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Once for every kernel that comes up.
    Boot(Boot),
    /// Once for every [`Request`].
    Done(Done),
}

/// A kernel's own words about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// `uname -r`
    pub release: String,
    /// `/proc/version`
    pub version: String,
    /// `/proc/cmdline`
    pub cmdline: String,
    /// `/proc/sys/kernel/bootloader_type`: the loader's number, its low four bits being its version
    pub bootloader_type: u32,
    /// `/sys/kernel/security/lockdown`, the active word of it
    pub lockdown: String,
    /// Names below `/vm/marks`: each initrd of a test leaves one there
    pub marks: Vec<String>,
}

impl Boot {
    /// The loader id that the boot protocol reserves for kexec, 0xD, in the bits above the version.
    pub fn by_kexec(&self) -> bool {
        self.bootloader_type >> 4 == 0xd
    }
}

/// How a command ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub id: u64,
    /// `None` when a signal ended it
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub millis: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_travels_on_one_line() {
        let done = Done { stderr: "two\nlines".into(), ..Done::default() };
        let line = serde_json::to_string(&Event::Done(done)).expect("serializes");
        assert!(!line.contains('\n'));
        assert!(matches!(serde_json::from_str(&line), Ok(Event::Done(_))));
    }

    #[test]
    fn only_kexec_counts_as_kexec() {
        let boot = |bootloader_type| Boot { bootloader_type, ..Boot::default() };
        assert!(boot(0xd0).by_kexec());
        assert!(!boot(0xb0).by_kexec());
    }
}
