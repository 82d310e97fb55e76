//! logind(8): who wants the machine to stay up, and shutdowns that tell the users and the programs that asked to be told.
//!
//! busctl(1), which every systemd has, makes the calls.

use super::program;
use crate::sources::Root;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// What sd_login(3) looks at to find out whether logind runs.
const RUNS: &str = "/run/systemd/seats";
/// Where logind writes down what it will do, as names and values.
const SCHEDULED: &str = "/run/systemd/shutdown/scheduled";

/// Flags of `RebootWithFlags` in org.freedesktop.login1(5).
mod flags {
    pub(super) const CHECK_INHIBITORS: u64 = 1;
    pub(super) const KEXEC: u64 = 2;
    /// Since systemd 257, where root is held back, too.
    pub(super) const SKIP_INHIBITORS: u64 = 16;
}

/// A program that wants the machine to stay up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Inhibitor {
    what: String,
    who: String,
    why: String,
    mode: String,
    uid: u32,
    pid: u32,
}

impl Inhibitor {
    /// Whether it blocks a shutdown. One that only delays it is told, and waited for, by logind.
    fn blocks(&self) -> bool {
        self.what.split(':').any(|what| what == "shutdown") && self.mode.starts_with("block")
    }
}

impl fmt::Display for Inhibitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {}, user {}): {}", self.who, self.pid, self.uid, self.why)
    }
}

/// Whether logind runs.
pub(crate) fn runs(root: &Root) -> bool {
    root.has(RUNS)
}

/// Whether a boot of the loaded kernel is scheduled, whoever asked for it. logind leaves the file there once the shutdown has begun, and
/// then nobody can cancel it.
pub(crate) fn will_boot(root: &Root) -> bool {
    is_scheduled_after(root, now())
}

/// The same, or its time came so lately that logind may not have begun yet.
pub(crate) fn will_boot_or_begins(root: &Root) -> bool {
    /// Much more than the accuracy of logind's timer.
    const LATELY: u64 = 60_000_000;
    is_scheduled_after(root, now().saturating_sub(LATELY))
}

/// What is scheduled that boots no loaded kernel: `poweroff`, `reboot` or another word of logind's.
pub(crate) fn another_kind(root: &Root) -> Option<String> {
    let text = root.text(SCHEDULED)?;
    let mode = value(&text, "MODE")?;
    let to_come = value(&text, "USEC").and_then(|time| time.parse().ok()).is_none_or(|time: u64| time > now());
    (to_come && mode != "kexec").then(|| mode.to_owned())
}

/// In microseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros().try_into().unwrap_or_default()
}

fn is_scheduled_after(root: &Root, time: u64) -> bool {
    root.text(SCHEDULED).is_some_and(|text| is_to_come(&text, time))
}

/// Whether logind has written down that it boots the loaded kernel after `now`, in microseconds since 1970. A time that cannot be read
/// may be to come.
#[must_use]
pub fn is_to_come(text: &str, now: u64) -> bool {
    let boots = value(text, "MODE") == Some("kexec") && value(text, "DRY_RUN") != Some("1");
    boots && value(text, "USEC").and_then(|time| time.parse().ok()).is_none_or(|time: u64| time > now)
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value)
}

/// The programs that block a shutdown.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn blocking(root: &Root) -> io::Result<Vec<Inhibitor>> {
    among(&call(root, "ListInhibitors", &[])?)
}

/// Those that block a shutdown among all, as busctl prints the answer of `ListInhibitors`.
///
/// # Errors
/// That it is no such answer.
pub fn among(text: &str) -> io::Result<Vec<Inhibitor>> {
    let (mut all,): (Vec<Inhibitor>,) = answer(text)?;
    all.retain(Inhibitor::blocks);
    Ok(all)
}

/// Sets what the users are told, or that they are told nothing.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn set_wall(root: &Root, message: Option<&str>) -> io::Result<()> {
    let enabled = if message.is_some() { "true" } else { "false" };
    call(root, "SetWallMessage", &["sb", message.unwrap_or_default(), enabled]).map(drop)
}

/// Asks for a shutdown now that ends in the loaded kernel.
///
/// # Errors
/// That logind refuses, such as for an inhibitor that was taken meanwhile.
pub(crate) fn reboot(root: &Root, ignore_inhibitors: bool) -> io::Result<()> {
    let ask = |flags: u64| call(root, "RebootWithFlags", &["t", &(flags::KEXEC | flags).to_string()]).map(drop);
    if ignore_inhibitors {
        // An older logind knows no such flag, and never holds root back.
        ask(flags::SKIP_INHIBITORS).or_else(|_| ask(0))
    } else {
        ask(flags::CHECK_INHIBITORS)
    }
}

/// Asks for the same at this second since 1970.
///
/// # Errors
/// That logind refuses.
pub(crate) fn schedule(root: &Root, second: i64) -> io::Result<()> {
    let micros = second.checked_mul(1_000_000).ok_or_else(|| io::Error::other("the time is too far away"))?;
    call(root, "ScheduleShutdown", &["st", "kexec", &micros.to_string()]).map(drop)
}

/// Cancels what was scheduled, and says whether anything was.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn cancel(root: &Root) -> io::Result<bool> {
    let (cancelled,): (bool,) = answer(&call(root, "CancelScheduledShutdown", &[])?)?;
    Ok(cancelled)
}

/// Whether it will shut the machine down as soon as the programs that delay this are done, or does so now.
///
/// # Errors
/// That logind does not answer.
pub(crate) fn is_about_to(root: &Root) -> io::Result<bool> {
    answer(&busctl(root, "get-property", &["PreparingForShutdown"])?)
}

/// Calls a method of logind's manager; the words are its signature and its arguments.
fn call(root: &Root, method: &str, words: &[&str]) -> io::Result<String> {
    busctl(root, "call", &[&[method], words].concat())
}

fn busctl(root: &Root, verb: &str, words: &[&str]) -> io::Result<String> {
    const OPTIONS: [&str; 3] = ["--json=short", "--system", "--"];
    const MANAGER: [&str; 3] = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
    program::run(root, "busctl", &[&OPTIONS[..], &[verb], &MANAGER, words].concat())
}

/// What a method returned or a property is, as busctl prints it.
fn answer<T: DeserializeOwned>(text: &str) -> io::Result<T> {
    #[derive(Deserialize)]
    struct Reply<T> {
        data: T,
    }
    let reply: Reply<T> =
        serde_json::from_str(text).map_err(|error| io::Error::other(format!("the answer of busctl: {error}")))?;
    Ok(reply.data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;
    use std::fs;

    /// What busctl of systemd 252 printed, with more rows.
    const LIST: &str = r#"{"type":"a(ssssuu)","data":[[
        ["shutdown","apt","upgrading","block",0,77],
        ["sleep","Network","turns off","delay",0,2],
        ["shutdown","Manager","syncs","delay",0,3],
        ["sleep:shutdown:idle","backup","copies","block-weak",1000,4],
        ["handle-power-key","desktop","its own","block",1000,5]]]}"#;

    /// A busctl that prints this and writes down what it was asked, or fails where its words end with `fails`.
    fn busctl(tree: &Tree, prints: &str, fails: &str) {
        tree.write("/answer", prints.as_bytes());
        let root = tree.root().0.display();
        let text = format!(
            "#!/bin/sh\necho \"$*\" >>{root}/asked\ncase \"$*\" in *'{fails}') echo Call failed: no >&2; exit 1;; esac\n\
             cat {root}/answer\n"
        );
        tree.write("/script", text.as_bytes());
        // A program that this process has open for writing cannot be run, and neither while a child of another thread has it so.
        let made = "mkdir -p usr/bin && cp script usr/bin/busctl && chmod 755 usr/bin/busctl";
        let status = std::process::Command::new("sh").args(["-c", made]).current_dir(&tree.root().0).status().unwrap();
        assert!(status.success());
    }

    fn asked(tree: &Tree) -> Vec<String> {
        let text = fs::read_to_string(tree.root().path("/asked")).unwrap_or_default();
        let start = "--json=short --system -- call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager ";
        text.lines().map(|line| line.strip_prefix(start).unwrap().to_owned()).collect()
    }

    #[test]
    fn only_those_that_block_a_shutdown_count() {
        let tree = Tree::new();
        assert_eq!(blocking(tree.root()).unwrap_err().to_string(), "busctl is not installed");
        busctl(&tree, LIST, "nothing");
        let found: Vec<_> = blocking(tree.root()).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["apt (process 77, user 0): upgrading", "backup (process 4, user 1000): copies"]);
        for wrong in ["", "{}", r#"{"data":[[["shutdown"]]]}"#] {
            busctl(&tree, wrong, "nothing");
            assert!(blocking(tree.root()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_boot_of_the_loaded_kernel_is_scheduled_for_a_later_time() {
        let rows = [
            ("USEC=51\nWARN_WALL=1\nMODE=kexec\nWALL_MESSAGE=MODE\\=reboot\n", true),
            ("USEC=50\nWARN_WALL=1\nMODE=kexec\n", false),
            ("USEC=51\nMODE=reboot\nWALL_MESSAGE=kexec\n", false),
            ("USEC=51\nMODE=kexec\nDRY_RUN=1\n", false),
            ("USEC=soon\nMODE=kexec", true),
            ("MODE=kexec", true),
            ("", false),
        ];
        for (text, wanted) in rows {
            assert_eq!(is_to_come(text, 50), wanted, "{text}");
        }
    }

    #[test]
    fn the_calls_are_those_of_the_interface() {
        let tree = Tree::new();
        busctl(&tree, r#"{"type":"b","data":[true]}"#, "t 18");
        set_wall(tree.root(), Some("a new kernel")).unwrap();
        set_wall(tree.root(), None).unwrap();
        reboot(tree.root(), false).unwrap();
        reboot(tree.root(), true).unwrap();
        schedule(tree.root(), 1_772_359_200).unwrap();
        assert!(cancel(tree.root()).unwrap());
        let wanted = [
            "SetWallMessage sb a new kernel true",
            "SetWallMessage sb  false",
            "RebootWithFlags t 3",
            "RebootWithFlags t 18",
            "RebootWithFlags t 2",
            "ScheduleShutdown st kexec 1772359200000000",
            "CancelScheduledShutdown",
        ];
        assert_eq!(asked(&tree), wanted);
        busctl(&tree, "", "t 3");
        let error = reboot(tree.root(), false).unwrap_err().to_string();
        assert!(error.starts_with("busctl --json=short ") && error.ends_with(": Call failed: no"), "{error}");
        schedule(tree.root(), i64::MAX).unwrap_err();
    }
}
