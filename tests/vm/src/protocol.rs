//! The protocol on the guest's second serial port: the harness sends requests, the agent answers, one JSON document in each line.
//!
//! The first serial port is the kernel's console, so that kernel messages never interrupt an answer.

pub mod capture;
pub mod cost;
pub mod facts;

use serde::{Deserialize, Serialize};

/// The prefix of the agent's lines; other lines on the port come from firmware or a crashing kernel and are ignored.
pub const PREFIX: &str = "@skexec-vm ";

/// A request of the harness: one command line for the guest's shell.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub id: u64,
    pub command: String,
}

/// A message of the agent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Sent once by every kernel that has booted.
    Boot(Boot),
    /// Sent once for every [`Request`].
    Done(Done),
}

/// The report of a kernel about itself.
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
    /// The active level in `/sys/kernel/security/lockdown`
    pub lockdown: String,
    /// The names below `/vm/marks`; each initrd of a test has one there
    pub marks: Vec<String>,
}

impl Boot {
    /// The loader id that the boot protocol reserves for kexec, 0xD, in the bits above the version.
    pub fn by_kexec(&self) -> bool {
        self.bootloader_type >> 4 == 0xd
    }
}

/// The result of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub id: u64,
    /// `None` if a signal ended it
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
