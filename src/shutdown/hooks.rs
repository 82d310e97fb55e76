//! Programs that are run before a forced jump, for drivers whose devices do not survive a jump well.

use crate::sources::Root;
use crate::sources::files::check_way;
use crate::sys::is_to_end;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The administrator's folder is read last, so that its hooks replace the distribution's of the same name.
const FOLDERS: [&str; 2] = ["/usr/lib/skexec/pre-exec.d", "/etc/skexec/pre-exec.d"];
/// A hook that hangs must not stop the machine from jumping.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long, one that is killed may take to end. It does not end while it waits for a device that does not answer.
const GRACE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// How a hook ended.
#[derive(Debug)]
enum End {
    Exit(ExitStatus),
    /// It took too long.
    Late(Stopped),
    /// A signal is to end this program first.
    Signal(Stopped),
}

/// What became of a hook that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Yes,
    No,
}

/// Runs the hooks in the order of their names. Signals wait meanwhile; one that is to end this program stops the hook that runs, and
/// no other one is started.
pub(super) fn run(root: &Root, warn: &mut dyn FnMut(String)) {
    run_for(root, PATIENCE, warn);
}

fn run_for(root: &Root, patience: Duration, warn: &mut dyn FnMut(String)) {
    for hook in find(root, warn).values() {
        if is_to_end() {
            return;
        }
        // In a group of its own, so that what it started is stopped with it.
        let child = Command::new(hook).stdin(Stdio::null()).process_group(0).spawn();
        let told = match child.and_then(|mut child| wait(&mut child, patience)) {
            Ok(End::Exit(status)) if status.success() => continue,
            Ok(End::Exit(status)) => status.to_string(),
            Ok(End::Late(stopped)) => {
                format!("{}, because it ran for more than {} s", stopped.word(), patience.as_secs())
            }
            Ok(End::Signal(stopped)) => format!("{}, because a signal ends skexec", stopped.word()),
            Err(error) => error.to_string(),
        };
        warn(format!("{}: {told}", hook.display()));
    }
}

fn find(root: &Root, warn: &mut dyn FnMut(String)) -> BTreeMap<std::ffi::OsString, PathBuf> {
    let mut hooks = BTreeMap::new();
    for folder in FOLDERS {
        let folder = root.path(folder);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        // Whoever may write to the folder may put a link to any program of root's there.
        if let Err(error) = check_way(root, &folder) {
            warn(format!("{}: no hook in it is run, because it must be root's alone: {error}", folder.display()));
            continue;
        }
        for entry in entries.flatten() {
            // A link to /dev/null, which no one can execute, masks the distribution's hook of the same name.
            hooks.insert(entry.file_name(), entry.path());
        }
    }
    hooks.retain(|_, path| match runnable(root, path) {
        Ok(runnable) => runnable,
        Err(why) => {
            warn(format!("{}: {why}", path.display()));
            false
        }
    });
    hooks
}

/// A regular, executable file that nobody but root can have changed.
fn runnable(root: &Root, path: &Path) -> Result<bool, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.mode() & 0o111 == 0 {
        return Ok(false);
    }
    match check_way(root, path) {
        Ok(()) => Ok(true),
        Err(error) => Err(format!("not run, because it must be root's alone: {error}")),
    }
}

impl Stopped {
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "stopped",
            Self::No => "killed, but it has not ended",
        }
    }
}

/// A program that was started.
trait Program {
    /// How it ended, if it has.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>>;
    /// Kills it, and what it started.
    fn kill(&mut self) -> io::Result<()>;
}

impl Program for Child {
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.try_wait()
    }

    fn kill(&mut self) -> io::Result<()> {
        // The child is not waited for yet, so that no other group has its number.
        let group = i32::try_from(self.id()).map(Pid::from_raw).map_err(io::Error::other)?;
        // It may have left its group.
        let group = killpg(group, Signal::SIGKILL);
        self.kill().or_else(|error| group.map_err(|_| error))
    }
}

/// Waits for a program so long; then kills it, and what it started.
fn wait(program: &mut impl Program, patience: Duration) -> io::Result<End> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if let Some(status) = program.ended()? {
            return Ok(End::Exit(status));
        }
        if is_to_end() {
            return stop(program).map(End::Signal);
        }
        sleep(POLL);
    }
    stop(program).map(End::Late)
}

fn stop(program: &mut impl Program) -> io::Result<Stopped> {
    program.kill()?;
    let start = Instant::now();
    while start.elapsed() < GRACE {
        if program.ended()?.is_some() {
            return Ok(Stopped::Yes);
        }
        sleep(POLL);
    }
    Ok(Stopped::No)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;
    use crate::sys::Held;
    use nix::sys::signal::{SigSet, raise};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn hook(tree: &Tree, path: &str, mode: u32, text: &str) {
        tree.write(path, text.as_bytes());
        fs::set_permissions(tree.root().path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn hooks_run_in_order_and_bad_ones_are_told() {
        let tree = Tree::new();
        let out = tree.root().path("/out");
        let note = |word: &str| format!("#!/bin/sh\necho {word} >>{}\n", out.display());
        hook(&tree, "/usr/lib/skexec/pre-exec.d/20-b", 0o755, &note("b"));
        hook(&tree, "/usr/lib/skexec/pre-exec.d/30-c", 0o755, &note("distribution"));
        hook(&tree, "/usr/lib/skexec/pre-exec.d/40-d", 0o755, &note("masked"));
        hook(&tree, "/etc/skexec/pre-exec.d/10-a", 0o755, &note("a"));
        hook(&tree, "/etc/skexec/pre-exec.d/30-c", 0o755, &note("administrator"));
        hook(&tree, "/etc/skexec/pre-exec.d/50-open", 0o777, &note("open"));
        hook(&tree, "/etc/skexec/pre-exec.d/60-fails", 0o755, "#!/bin/sh\nexit 3\n");
        hook(&tree, "/etc/skexec/pre-exec.d/README", 0o644, "not a program");
        symlink("/dev/null", tree.root().path("/etc/skexec/pre-exec.d/40-d")).unwrap();

        let mut warnings = Vec::new();
        run(tree.root(), &mut |warning| warnings.push(warning));
        assert_eq!(fs::read_to_string(out).unwrap(), "a\nb\nadministrator\n");
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("50-open") && warnings[1].contains("60-fails: exit status: 3"), "{warnings:?}");
    }

    #[test]
    fn one_that_hangs_is_stopped_with_what_it_started() {
        let tree = Tree::new();
        let pid = tree.root().path("/pid");
        let text = format!("#!/bin/sh\nsleep 1000 &\necho $! >{}\nwait\n", pid.display());
        hook(&tree, "/etc/skexec/pre-exec.d/10-hangs", 0o755, &text);
        let mut warnings = Vec::new();
        let start = Instant::now();
        run_for(tree.root(), Duration::from_secs(1), &mut |warning| warnings.push(warning));
        assert!(
            warnings.len() == 1 && warnings[0].contains("10-hangs: stopped, because it ran for more than 1 s"),
            "{warnings:?}"
        );
        let child = fs::read_to_string(pid).unwrap();
        let state = || fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        // Whoever is its parent now has yet to wait for it.
        while !state().is_empty() && !state().contains(") Z") {
            assert!(start.elapsed() < Duration::from_secs(20), "{}", state());
            sleep(POLL);
        }
    }

    /// A program that waits for a device.
    struct Stuck(bool);

    impl Program for Stuck {
        fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
            Ok(None)
        }

        fn kill(&mut self) -> io::Result<()> {
            self.0 = true;
            Ok(())
        }
    }

    #[test]
    fn one_that_does_not_end_when_it_is_killed_stops_nothing() {
        let mut stuck = Stuck(false);
        let end = wait(&mut stuck, Duration::from_millis(1)).unwrap();
        assert!(stuck.0 && matches!(end, End::Late(Stopped::No)), "{end:?}");
    }

    #[test]
    fn a_signal_stops_one_and_no_other_is_started() {
        let tree = Tree::new();
        let out = tree.root().path("/out");
        hook(&tree, "/etc/skexec/pre-exec.d/10-slow", 0o755, "#!/bin/sh\nexec sleep 1000\n");
        hook(&tree, "/etc/skexec/pre-exec.d/20-next", 0o755, &format!("#!/bin/sh\necho ran >>{}\n", out.display()));
        let mut warnings = Vec::new();
        // Nothing is asserted while the signal waits: a panic would let it end all tests.
        let held = Held::all();
        raise(Signal::SIGTERM).unwrap();
        let mut first = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let end = wait(&mut first, Duration::from_secs(60));
        run_for(tree.root(), Duration::from_secs(60), &mut |warning| warnings.push(warning));
        SigSet::from(Signal::SIGTERM).wait().unwrap();
        drop(held);
        assert!(matches!(end, Ok(End::Signal(Stopped::Yes))), "{end:?}");
        assert!(!out.exists() && warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn one_that_reads_gets_nothing() {
        let tree = Tree::new();
        hook(&tree, "/etc/skexec/pre-exec.d/20-reads", 0o755, "#!/bin/sh\nread line\nexit 0\n");
        let mut warnings = Vec::new();
        run_for(tree.root(), Duration::from_secs(60), &mut |warning| warnings.push(warning));
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn no_link_that_others_can_make_is_followed() {
        let tree = Tree::new();
        let out = tree.root().path("/out");
        hook(&tree, "/usr/bin/reboots", 0o755, &format!("#!/bin/sh\necho ran >>{}\n", out.display()));
        tree.directory("/etc/skexec/pre-exec.d");
        tree.directory("/usr/lib/skexec/pre-exec.d");
        let mut warnings = Vec::new();
        for (place, mode) in [("/etc/skexec/pre-exec.d", 0o777), ("/usr/lib/skexec", 0o775), ("/tmp", 0o1777)] {
            tree.directory(place);
            fs::set_permissions(tree.root().path(place), fs::Permissions::from_mode(mode)).unwrap();
        }
        let target = tree.root().path("/usr/bin/reboots");
        symlink(&target, tree.root().path("/etc/skexec/pre-exec.d/10-a")).unwrap();
        symlink(&target, tree.root().path("/usr/lib/skexec/pre-exec.d/20-b")).unwrap();
        run(tree.root(), &mut |warning| warnings.push(warning));
        assert!(!out.exists() && warnings.len() == 2, "{warnings:?}");
        // A link of root's to a program in a folder where others can replace it.
        fs::set_permissions(tree.root().path("/etc/skexec/pre-exec.d"), fs::Permissions::from_mode(0o755)).unwrap();
        hook(&tree, "/tmp/program", 0o755, &format!("#!/bin/sh\necho ran >>{}\n", out.display()));
        fs::set_permissions(tree.root().path("/tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        fs::remove_file(tree.root().path("/etc/skexec/pre-exec.d/10-a")).unwrap();
        symlink(tree.root().path("/tmp/program"), tree.root().path("/etc/skexec/pre-exec.d/30-c")).unwrap();
        run(tree.root(), &mut |warning| warnings.push(warning));
        assert!(
            !out.exists() && warnings.len() == 4 && warnings[3].contains("others than root may write"),
            "{warnings:?}"
        );
    }
}
