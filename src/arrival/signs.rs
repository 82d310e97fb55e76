//! Signs of what ended the kernel before this one.

use crate::sources::Root;
use std::fs;

/// Where the kernel shows what it kept of a crash, and where systemd moves it.
const CRASHES: [&str; 2] = ["/sys/fs/pstore", "/var/lib/systemd/pstore"];
const WATCHDOGS: &str = "/sys/class/watchdog";
/// `WDIOF_CARDRESET` (include/uapi/linux/watchdog.h).
const CARD_RESET: u32 = 0x20;
/// The most folders that are looked at in a folder.
const MOST: usize = 64;
/// The most names that are read of a folder. An init system that keeps every record for years has fewer.
const MOST_NAMES: usize = 1 << 16;
/// How deep systemd puts records below its folder: by their time, and, for those of UEFI, by their count.
const DEPTH: usize = 2;

/// Signs of what ended the kernel before this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// The watchdog whose driver says that it reset the machine.
    pub(super) watchdog: Option<String>,
    /// The folder with records of a crash.
    pub(super) crash: Option<&'static str>,
}

impl Signs {
    pub(super) fn read(root: &Root) -> Self {
        let fired = |name: &String| {
            let status = root.text(&format!("{WATCHDOGS}/{name}/bootstatus"));
            status.and_then(|text| text.parse::<u32>().ok()).is_some_and(|bits| bits & CARD_RESET != 0)
        };
        Self {
            watchdog: names(root, WATCHDOGS).into_iter().find(fired),
            crash: CRASHES.into_iter().find(|folder| has_record(root, folder, DEPTH)),
        }
    }

    /// In words; nothing where there are none.
    pub(super) fn sentences(&self) -> Vec<String> {
        let watchdog = self.watchdog.as_ref();
        let watchdog = watchdog.map(|name| format!("{name} says that the watchdog reset the machine"));
        let crash =
            self.crash.map(|folder| format!("{folder} has records of a crash, of that kernel or an earlier one"));
        watchdog.into_iter().chain(crash).collect()
    }
}

/// Whether there is a record of a crash. The kernel keeps other things there, too: of the console, of a program or of ftrace, by which a
/// machine that was shut down in order looks like one that crashed.
fn has_record(root: &Root, folder: &str, depth: usize) -> bool {
    let names = names(root, folder);
    let within = |name: &String| root.path(format!("{folder}/{name}")).is_dir();
    // The last is the newest.
    let mut folders = names.iter().rev().filter(|name| within(name)).take(MOST);
    names.iter().any(|name| name.starts_with("dmesg-") || name == "dmesg.txt")
        || depth
            .checked_sub(1)
            .is_some_and(|depth| folders.any(|name| has_record(root, &format!("{folder}/{name}"), depth)))
}

fn names(root: &Root, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.path(folder)) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.take(MOST_NAMES).flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
