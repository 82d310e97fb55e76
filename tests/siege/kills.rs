//! skexec is killed at a system call that is drawn by lot: between two of them nothing changes that another process can see.

use super::program;
use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;

pub(crate) const ATTACKS: [Attack; 3] = [
    Attack {
        name: "kill-load",
        what: "SIGKILL, SIGTERM and SIGINT at a random system call of `load`, by both methods and each layout, with and without an image before it, counted and not",
        holds: "`exec` boots the image that the kernel holds, under its own record; only after SIGKILL, with one image in the place of another, it may refuse instead, and says that a load did not end; the next `load` and `unload` leave nothing in /run or /tmp",
        found: "an image that nobody vouched for, after a kill between the call and its record; `loaded.json.new` stayed for good",
        rounds: 80,
        round: load,
    },
    Attack {
        name: "kill-exec",
        what: "the same signals at a random system call of `exec`, with --force (hooks, disks that are remounted, the jump) or without",
        holds: "the image, its record and all else in /run and /tmp are what they were; with --force the jump is made, or the signal ended skexec, and once a disk is remounted only SIGKILL does",
        found: "",
        rounds: 32,
        round: exec,
    },
    Attack {
        name: "kill-unload",
        what: "the same signals at a random system call of `unload`",
        holds: "the image is there with its record, or gone",
        found: "",
        rounds: 16,
        round: unload,
    },
];

const FORCED: &str = "exec --force";
const HOOK: &str = "/etc/skexec/pre-exec.d/hook";
/// The fake kernel writes here what it would have jumped into.
const JUMPED: &str = "/jumped";

const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT];

/// How the process ended, and the system calls that it made.
#[derive(Clone, Copy)]
struct Ended {
    calls: u64,
    /// The first and the last of them at which a load was begun that has not ended, or a disk was remounted for a jump that is not made.
    open: Option<(u64, u64)>,
    remounted: bool,
    killed: bool,
    exit: Option<i32>,
}

/// Runs skexec, and sends it the signal at that system call.
fn besieged(site: &Site, line: &str, at: Option<(u64, Signal)>) -> Ended {
    let mut command = site.process(line);
    let mut child = command.env(program::TRACED, "1").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let mut ended = Ended { calls: 0, open: None, remounted: false, killed: false, exit: None };
    let begun = site.lab.root().path("/run/skexec/loaded.json.begun");
    let jumped = site.lab.root().path(JUMPED);
    let mut deliver = None;
    let mut first = true;
    loop {
        match waitpid(pid, None) {
            Ok(WaitStatus::Exited(_, code)) => {
                ended.exit = Some(code);
                break;
            }
            Ok(WaitStatus::Signaled(..)) => {
                ended.killed = true;
                break;
            }
            Ok(WaitStatus::Stopped(_, Signal::SIGSTOP)) if first => {
                first = false;
                ptrace::setoptions(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL)
                    .unwrap();
            }
            Ok(WaitStatus::Stopped(_, signal)) => deliver = Some(signal),
            Ok(WaitStatus::PtraceSyscall(_)) => {
                ended.calls += 1;
                ended.remounted |= is_at(pid, libc::SYS_mount);
                if at.is_none() && (begun.exists() || ended.remounted && !jumped.exists()) {
                    ended.open = Some((ended.open.map_or(ended.calls, |(first, _)| first), ended.calls));
                }
                if let Some((_, signal)) = at.filter(|(call, _)| *call == ended.calls) {
                    kill(pid, signal).unwrap();
                }
            }
            Ok(_) => {}
            Err(errno) => panic!("{errno}"),
        }
        // A process that is killed has gone already.
        let _ = ptrace::syscall(pid, deliver.take());
    }
    let _ = child.wait();
    ended
}

/// Whether a process that stands still does so at this system call.
fn is_at(pid: Pid, call: libc::c_long) -> bool {
    let shown = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    shown.split(' ').next() == Some(&call.to_string())
}

/// The system calls of a command that nobody disturbs, counted once.
fn undisturbed(line: &str, prepared: impl FnOnce() -> Site) -> Ended {
    static COUNTED: Mutex<BTreeMap<String, Ended>> = Mutex::new(BTreeMap::new());
    let mut counted = COUNTED.lock().unwrap();
    *counted.entry(line.to_owned()).or_insert_with(|| {
        let whole = besieged(&prepared(), line, None);
        // A forced one comes back with an error, because the fake kernel makes no jump.
        let wanted = if line == FORCED { (Some(1), true) } else { (Some(0), false) };
        assert_eq!((whole.exit, whole.remounted), wanted, "{line}");
        whole
    })
}

/// A machine with an image.
fn loaded(counted: bool) -> Site {
    let site = Site::new(counted);
    assert_eq!(site.run(&Site::load("old", METHODS[0])).exit, 0);
    site
}

/// The same, with a hook, and a disk that is not there: no disk of this machine is remounted.
fn mounted(counted: bool) -> Site {
    let site = loaded(counted);
    let point = site.lab.path("no-disk");
    site.lab.system("/proc/self/mountinfo", &format!("22 1 254:1 / {} rw - ext4 /dev/vda1 rw\n", point.display()));
    site.lab.system(HOOK, "#!/bin/sh\n");
    fs::set_permissions(site.lab.root().path(HOOK), Permissions::from_mode(0o755)).unwrap();
    site
}

/// A moment: half of them are those at which the machine must not be left as it is.
fn moment(whole: &Ended, random: &mut Random) -> u64 {
    let (first, last) = match whole.open {
        Some((first, last)) if random.below(2) == 0 => (first.saturating_sub(3).max(1), last + 3),
        _ => (1, whole.calls),
    };
    first + random.below(last - first + 1)
}

fn load(random: &mut Random) {
    let (counted, before) = (random.below(2) == 0, random.below(2) == 0);
    let method = METHODS[usize::try_from(random.below(4)).unwrap()];
    let signal = SIGNALS[usize::try_from(random.below(3)).unwrap()];
    let site = if before { loaded(counted) } else { Site::new(counted) };
    let line = Site::load("new", method);
    let whole = undisturbed(&line, || Site::new(counted));
    let at = moment(&whole, random);
    let ended = besieged(&site, &line, Some((at, signal)));
    let told = format!("{signal} at call {at} of {}, {method}, counted: {counted}, before: {before}", whole.calls);
    let held = site.kernel.state().image;
    let names = ["image=old".to_owned(), "image=new".to_owned()];
    assert!(held.is_none() || held.as_ref().is_some_and(|held| names.contains(held)), "{told}");
    assert!(held.is_some() || !before, "{told}");
    match site.verdict() {
        Ok(taken) => assert_eq!(Some(taken), held, "{told}"),
        Err(reason) if held.is_none() => assert_eq!(reason, "nothing-loaded", "{told}"),
        Err(reason) => {
            assert_eq!(reason, "record-contradicted", "{told}");
            assert!(signal == Signal::SIGKILL && ended.killed && before, "nobody vouches for {held:?}: {told}");
            let text = site.run("status").out;
            assert!(
                text.contains("a load of ") && text.contains("nothing shows whether the kernel holds it"),
                "{told}: {text}"
            );
        }
    }
    site.heals();
}

fn exec(random: &mut Random) {
    let line = if random.below(2) == 0 { FORCED } else { "exec" };
    let site = mounted(random.below(2) == 0);
    let (held, left) = (site.kernel.state(), left(&site));
    let whole = undisturbed(line, || mounted(false));
    let signal = SIGNALS[usize::try_from(random.below(3)).unwrap()];
    let at = moment(&whole, random);
    let ended = besieged(&site, line, Some((at, signal)));
    let told = format!("{signal} at call {at} of {}, {line}", whole.calls);
    assert_eq!(site.kernel.state(), held, "{told}");
    assert_eq!(self::left(&site), left, "{told}");
    let jumped = fs::read_to_string(site.lab.root().path(JUMPED)).ok();
    assert!(jumped.is_none() || jumped == held.image && line == FORCED, "{told}: {jumped:?}");
    // A machine whose disks cannot be written, and which does not jump, is lost.
    let must_jump = line == FORCED && !ended.killed || ended.remounted && signal != Signal::SIGKILL;
    assert!(jumped.is_some() || !must_jump, "{told}: no jump was made");
    site.agrees();
    site.heals();
}

/// What is in /run and in the folder for temporary files.
fn left(site: &Site) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![site.lab.root().path("/run"), site.temporary.clone()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

fn unload(random: &mut Random) {
    let site = loaded(random.below(2) == 0);
    let whole = undisturbed("unload", || loaded(false));
    let signal = SIGNALS[usize::try_from(random.below(3)).unwrap()];
    besieged(&site, "unload", Some((moment(&whole, random), signal)));
    site.agrees();
    site.heals();
}
