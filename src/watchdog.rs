//! The hardware watchdog, which turns a kernel that hangs into a reset.

use crate::reason::{Caution, Finding, Reason, Warning};
use crate::sources::Root;
use crate::sys;
use std::fs;
use std::io;

const CLASS: &str = "/sys/class/watchdog";
/// What the kernel does with watchdogs at a reboot, which a kexec is to it: 0 lets them run, 1 stops them, -1 leaves it to the driver.
const POLICY: &str = "/sys/module/watchdog/parameters/stop_on_reboot";
/// A timer of the running kernel, which ends with it.
const SOFT: &str = "Software Watchdog";
/// The most devices that are looked at.
const MOST: usize = 32;

/// A watchdog of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watchdog {
    /// `watchdog0`
    name: String,
    /// What the driver calls it.
    identity: String,
    /// It cannot be stopped once it runs.
    nowayout: bool,
    /// The most seconds that it counts; nothing where the driver does not say so.
    most: Option<u32>,
}

/// The watchdogs that outlive the running kernel.
///
/// # Errors
/// `no-watchdog`
pub(crate) fn find(root: &Root) -> Result<Vec<Watchdog>, Finding> {
    let entries = fs::read_dir(root.path(CLASS)).into_iter().flatten().take(MOST).flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_by_key(|name| {
        (name.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse::<u32>().ok(), name.clone())
    });
    let all: Vec<_> = names.into_iter().map(|name| Watchdog::read(root, name)).collect();
    let (soft, hard): (Vec<_>, Vec<_>) = all.into_iter().partition(|watchdog| watchdog.identity == SOFT);
    match (hard.is_empty(), soft.first()) {
        (false, _) => Ok(hard),
        (true, Some(Watchdog { name, .. })) => {
            let seen = format!("{name} is a timer of the running kernel (softdog), which ends with it");
            Err(Finding::new(Reason::NoWatchdog, seen))
        }
        (true, None) => Err(Finding::new(Reason::NoWatchdog, format!("{CLASS} has none"))),
    }
}

/// Those of them that count so many seconds.
///
/// # Errors
/// `no-watchdog`
pub(crate) fn that_count(watchdogs: Vec<Watchdog>, seconds: u32) -> Result<Vec<Watchdog>, Finding> {
    let limit = |watchdog: &Watchdog| watchdog.most.filter(|most| *most < seconds);
    let seen = watchdogs.iter().filter_map(|watchdog| Some((&watchdog.name, limit(watchdog)?)));
    let seen: Vec<_> = seen.map(|(name, most)| format!("{name} counts at most {most} s")).collect();
    let fit: Vec<_> = watchdogs.into_iter().filter(|watchdog| limit(watchdog).is_none()).collect();
    if fit.is_empty() { Err(Finding::new(Reason::NoWatchdog, seen.join("; "))) } else { Ok(fit) }
}

/// Whether the device that systemd arms is one of them.
///
/// # Errors
/// `no-watchdog`
pub(crate) fn is_armed_by_systemd(watchdogs: &[Watchdog], device: &str) -> Result<(), Finding> {
    match watchdogs.first() {
        Some(first) if watchdogs.iter().all(|watchdog| watchdog.name != device) => {
            let seen = format!(
                "systemd arms {device}, which is no hardware; set WatchdogDevice=/dev/{} in /etc/systemd/system.conf",
                first.name
            );
            Err(Finding::new(Reason::NoWatchdog, seen))
        }
        _ => Ok(()),
    }
}

/// Says whether the kernel will stop them at the jump.
pub(crate) fn warning(root: &Root) -> Option<Warning> {
    let what = match root.text(POLICY).as_deref() {
        Some("0") => return None,
        Some("1") => "the running kernel was told to stop every watchdog at a reboot",
        _ => {
            "the running kernel leaves it to the driver whether the watchdog is stopped at a reboot, and most drivers stop it"
        }
    };
    Some(Warning::new(Caution::WatchdogStops, format!("a hang may go unnoticed: {what}")))
}

impl Watchdog {
    fn read(root: &Root, name: String) -> Self {
        let text = |what: &str| root.text(&format!("{CLASS}/{name}/{what}"));
        Self {
            identity: text("identity").unwrap_or_else(|| "unknown".into()),
            nowayout: text("nowayout").is_some_and(|text| text == "1"),
            // A driver without a limit of its own has 0.
            most: text("max_timeout").and_then(|text| text.parse().ok()).filter(|most| *most > 0),
            name,
        }
    }

    fn start(&self, root: &Root, seconds: i32) -> io::Result<(sys::Watchdog, i32)> {
        let running = sys::Watchdog::start(&root.path(format!("/dev/{}", self.name)))?;
        match running.set(seconds) {
            Ok(seconds) => Ok((running, seconds)),
            Err(error) => {
                // Opening it has started it.
                let runs_on = match running.stop() {
                    Ok(()) if self.nowayout => "its driver does not permit to stop it (nowayout)".to_owned(),
                    Ok(()) => return Err(error),
                    Err(error) => error.to_string(),
                };
                Err(io::Error::other(format!(
                    "{error}; it runs now, and resets the machine when its own time is over: {runs_on}"
                )))
            }
        }
    }
}

/// A watchdog that counts down until the machine is reset.
#[derive(Debug)]
pub(crate) struct Armed {
    watchdog: Watchdog,
    running: sys::Watchdog,
    /// What the hardware counts.
    seconds: i32,
}

impl Armed {
    /// Starts the first watchdog that no other process has.
    ///
    /// # Errors
    /// `no-watchdog`: none of them can be started.
    pub(crate) fn first(root: &Root, watchdogs: Vec<Watchdog>, seconds: u32) -> Result<Self, Finding> {
        let wanted = i32::try_from(seconds).unwrap_or(i32::MAX);
        let mut faults = Vec::new();
        for watchdog in watchdogs {
            match watchdog.start(root, wanted) {
                Ok((running, seconds)) => return Ok(Self { watchdog, running, seconds }),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    faults.push(format!("another process has {}", watchdog.name));
                }
                Err(error) => faults.push(format!("{} ({}): {error}", watchdog.name, watchdog.identity)),
            }
        }
        Err(Finding::new(Reason::NoWatchdog, faults.join("; ")))
    }

    /// What it will do.
    pub(crate) fn sentence(&self) -> String {
        let Watchdog { name, identity, .. } = &self.watchdog;
        format!(
            "{name} ({identity}) resets the machine in {} s, unless the next kernel's driver takes it over",
            self.seconds
        )
    }

    /// Counts from the start again.
    pub(crate) fn kick(&self) -> io::Result<()> {
        self.running.kick()
    }

    /// Stops it, since there was no jump; says it where that cannot be done.
    pub(crate) fn stop(self) -> Option<String> {
        let Watchdog { name, nowayout, .. } = self.watchdog;
        let gone_on =
            |why: &str| Some(format!("{name} cannot be stopped and resets the machine in {} s: {why}", self.seconds));
        match self.running.stop() {
            Ok(()) if nowayout => gone_on("its driver does not permit it (nowayout)"),
            Ok(()) => None,
            Err(error) => gone_on(&error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    fn machine(dogs: &[(&str, &str)]) -> Tree {
        let tree = Tree::new();
        for (name, identity) in dogs {
            tree.write(&format!("{CLASS}/{name}/identity"), format!("{identity}\n"));
            tree.write(&format!("/dev/{name}"), "");
        }
        tree
    }

    #[test]
    fn one_that_ends_with_the_kernel_does_not_count() {
        let names = |tree: &Tree| {
            let found = find(tree.root()).map_err(|finding| finding.detail);
            found.map(|dogs| dogs.into_iter().map(|dog| dog.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&machine(&[])), Err("/sys/class/watchdog has none".into()));
        let soft = names(&machine(&[("watchdog0", SOFT)])).unwrap_err();
        assert!(soft.starts_with("watchdog0 is a timer of the running kernel"), "{soft}");
        let two = machine(&[("watchdog1", "iTCO_wdt"), ("watchdog0", SOFT)]);
        assert_eq!(names(&two), Ok(vec!["watchdog1".into()]));
    }

    #[test]
    fn what_the_kernel_will_do_is_said() {
        let tree = Tree::new();
        for (policy, warns) in [(None, true), (Some("-1\n"), true), (Some("1\n"), true), (Some("0\n"), false)] {
            if let Some(policy) = policy {
                tree.write(POLICY, policy);
            }
            assert_eq!(warning(tree.root()).is_some(), warns, "{policy:?}");
        }
    }

    #[test]
    fn they_are_tried_in_the_order_of_their_numbers_where_they_count_so_far() {
        let tree = machine(&[("watchdog10", "c"), ("watchdog2", "b"), ("watchdog", "a")]);
        let names = |dogs: Vec<Watchdog>| dogs.into_iter().map(|dog| dog.name).collect::<Vec<_>>();
        assert_eq!(names(find(tree.root()).unwrap()), ["watchdog", "watchdog2", "watchdog10"]);
        tree.write(&format!("{CLASS}/watchdog2/max_timeout"), "60\n");
        let counting = |seconds| that_count(find(tree.root()).unwrap(), seconds).map(names);
        assert_eq!(counting(60).unwrap().len(), 3);
        assert_eq!(counting(61).unwrap(), ["watchdog", "watchdog10"]);
    }

    #[test]
    fn one_that_runs_and_cannot_be_stopped_is_said() {
        let tree = machine(&[("watchdog0", "a")]);
        tree.write(&format!("{CLASS}/watchdog0/nowayout"), "1\n");
        let finding = Armed::first(tree.root(), find(tree.root()).unwrap(), 30).unwrap_err();
        assert!(finding.detail.contains("; it runs now, and resets the machine"), "{finding}");
    }

    /// A file is no watchdog.
    #[test]
    fn all_are_tried_and_each_fault_is_said() {
        let tree = machine(&[("watchdog0", "a"), ("watchdog1", "b")]);
        let finding = Armed::first(tree.root(), find(tree.root()).unwrap(), 30).unwrap_err();
        assert_eq!(finding.reason, Reason::NoWatchdog);
        assert!(
            finding.detail.starts_with("watchdog0 (a): ") && finding.detail.contains("; watchdog1 (b): "),
            "{finding}"
        );
    }
}
