//! A mirror that does not answer for a while: downloads are tried again before they fail.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::tool;

/// Thirty pauses are 15 minutes: longer than most outages, and shorter than a run of the tests.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_secs(30);

/// Runs a program that downloads. If the network is at fault, it is run again after a pause.
pub(super) fn run(command: &mut Command) -> Result<()> {
    for attempt in 1..ATTEMPTS {
        match tool::run(command) {
            Err(error) if is_outage(&error.to_string()) => {
                eprintln!(
                    "the mirror does not answer; attempt {attempt} of {ATTEMPTS}, the next in {} s",
                    PAUSE.as_secs()
                );
                thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
    tool::run(command)
}

/// Whether apt's messages blame the network, and not what was asked for.
fn is_outage(messages: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "Temporary failure resolving",
        "Could not resolve",
        "Could not connect",
        "Connection failed",
        "Connection timed out",
        "502  ",
        "503  ",
    ];
    SIGNS.iter().any(|sign| messages.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::is_outage;

    #[test]
    fn a_missing_package_is_no_outage() {
        assert!(is_outage(
            "Err:1 http://mirror.example/debian bookworm InRelease\n  Temporary failure resolving 'mirror.example'"
        ));
        assert!(is_outage("Could not connect to mirror.example:80 (192.0.2.1), connection timed out"));
        assert!(!is_outage("E: Unable to locate package no-such-package"));
        assert!(!is_outage("Failed to fetch http://mirror.example/x.deb  404  Not Found"));
    }
}
