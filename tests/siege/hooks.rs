//! Hooks of `exec` that do what they should not, and signals while they run.

use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) const ATTACKS: [Attack; 2] = [HOOKS, SIGNAL];

const HOOKS: Attack = Attack {
    name: "hooks",
    what: "hooks that fail, kill themselves, fork, read standard input, fill the disk up to a limit, write much, are no programs, are writable by others, or lie in a folder that others can write to",
    holds: "the jump is made with the recorded image; no hook is run that somebody else than root can have put there",
    found: "a folder that others can write to, in which a link to any program of root's was run; what a hook that hung had started lived on",
    rounds: 3,
    round: hooks,
};

const SIGNAL: Attack = Attack {
    name: "signal-in-a-hook",
    what: "SIGTERM to `exec --force` while a hook runs, which has started a program of its own",
    holds: "the signal ends skexec; the hook and its program are gone, no other hook has run, no jump is made, and the image stays with its record",
    found: "the hook went on to take devices from a machine that stayed as it was",
    rounds: 2,
    round: signal,
};

/// What a hook does.
const DEEDS: [&str; 9] = [
    "exit 3",
    "kill -9 $$",
    "sleep 0.05 & exit 0",
    "read line; exit 0",
    "ulimit -f 64; cat /dev/zero >\"$0.full\"; exit 1",
    "yes | head -c 100000; yes | head -c 100000 >&2",
    "exec >&- 2>&-; echo",
    "kill -STOP $$ & kill -CONT $$",
    "cd /; umask 0; exec true",
];

fn hooks(random: &mut Random) {
    let site = Site::new(false);
    let root = site.lab.root();
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let folder = root.path("/etc/skexec/pre-exec.d");
    let write = |name: &str, text: &str, mode: u32| {
        site.lab.system(&format!("/etc/skexec/pre-exec.d/{name}"), text);
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
    };
    for number in 0..1 + random.below(3) {
        let deed = DEEDS[usize::try_from(random.below(9)).unwrap()];
        write(&format!("{number}"), &format!("#!/bin/sh\n{deed}\n"), 0o755);
    }
    let ran = root.path("/ran");
    let note = format!("#!/bin/sh\necho \"$0\" >>{}\n", ran.display());
    write("50-open", &note, 0o757);
    write("60-no-program", "\u{7f}ELF", 0o755);
    symlink("/nowhere", folder.join("70-link")).unwrap();
    symlink("80-loop", folder.join("80-loop")).unwrap();
    write("90-good", &note, 0o755);
    let open = random.below(2) == 0;
    if open {
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    }
    let output = site.process("exec --force").output().unwrap();
    let told = Site::end(&output);
    let ran = fs::read_to_string(ran).unwrap_or_default();
    assert_eq!(ran.lines().count(), usize::from(!open), "{ran}\n{told}");
    assert!(open || ran.ends_with("90-good\n"), "{ran}");
    assert_eq!(fs::read_to_string(root.path("/jumped")).unwrap(), "image=old", "{told}");
    site.agrees();
    site.heals();
}

fn signal(random: &mut Random) {
    let site = Site::new(random.below(2) == 0);
    let root = site.lab.root();
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    let [pids, ran] = ["/pids", "/ran"].map(|name| root.path(name));
    let tells = format!("#!/bin/sh\nsleep 20 &\necho $$ $! >{}.new\nmv {0}.new {0}\nwait\n", pids.display());
    for (name, text) in [("10-slow", tells), ("20-next", format!("#!/bin/sh\necho >>{}\n", ran.display()))] {
        let name = format!("/etc/skexec/pre-exec.d/{name}");
        site.lab.system(&name, &text);
        fs::set_permissions(root.path(&name), Permissions::from_mode(0o755)).unwrap();
    }
    let child = site.process("exec --force").spawn().unwrap();
    let started = waited(|| fs::read_to_string(&pids).ok());
    sleep(Duration::from_millis(random.below(100)));
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = Site::end(&output);
    let by = output.status.signal().and_then(|number| Signal::try_from(number).ok());
    assert_eq!(by, Some(Signal::SIGTERM), "{told}");
    assert!(told.contains("10-slow: stopped, because a signal ends skexec"), "{told}");
    for pid in started.split_whitespace() {
        // Whoever is its parent now may have yet to wait for it.
        let state = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        waited(|| (state().is_empty() || state().contains(") Z")).then_some(()));
    }
    assert!(!ran.exists() && !root.path("/jumped").exists(), "{told}");
    site.agrees();
    site.heals();
}

/// Waits until it is there.
fn waited<T>(mut wanted: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = wanted() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(10));
    }
}
