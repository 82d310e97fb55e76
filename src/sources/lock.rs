//! Locks between processes of skexec, on files that only root can open: what others can open, they can lock, and hold for ever.

use super::Root;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The folder of what is kept over a boot.
pub(crate) const STATE: &str = "/var/lib/skexec";
const STATE_LOCK: &str = "/var/lib/skexec/lock";
/// Whoever has the lock of the state writes two small files.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock of a file, which is made where there is none; nothing where another process still has it after this time.
///
/// # Errors
/// Those of making the file and of locking; that others than root could open it.
pub(crate) fn lock(root: &Root, path: &Path, patience: Duration) -> io::Result<Option<Flock<File>>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != root.owner() || metadata.mode() & 0o077 != 0 {
        let what = format!("{}: others than root may lock it", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    let begun = Instant::now();
    loop {
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Some(lock)),
            Err((_, Errno::EWOULDBLOCK)) if begun.elapsed() >= patience => return Ok(None),
            Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) => file,
            Err((_, errno)) => return Err(errno.into()),
        };
        sleep(PAUSE);
    }
}

/// Makes the folder of what is kept over a boot, and takes its lock.
///
/// # Errors
/// Those of [`lock`]; that another process keeps it.
pub(crate) fn state(root: &Root) -> io::Result<Flock<File>> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(root.path(STATE))?;
    lock(root, &root.path(STATE_LOCK), PATIENCE)?
        .ok_or_else(|| io::Error::new(io::ErrorKind::TimedOut, format!("another process keeps {STATE_LOCK}")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;

    #[test]
    fn one_process_has_it_and_nobody_waits_for_ever() {
        let tree = Tree::new();
        let path = tree.directory("/run").join("lock");
        let take = |milliseconds| lock(tree.root(), &path, Duration::from_millis(milliseconds)).unwrap();
        let first = take(0).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert!(take(0).is_none() && take(50).is_none());
        let waiting = std::thread::scope(|scope| {
            let second = scope.spawn(|| take(60_000).is_some());
            drop(first);
            second.join().unwrap()
        });
        assert!(waiting);
    }

    #[test]
    fn a_file_that_others_can_open_is_no_lock() {
        let tree = Tree::new();
        let take = |name: &str| lock(tree.root(), &tree.root().path(name), Duration::ZERO);
        tree.write("/run/lock", "");
        for (mode, wanted) in [(0o644, false), (0o660, false), (0o606, false), (0o600, true), (0o400, true)] {
            tree.mode("/run/lock", mode);
            // Only root can open one that nobody may write to.
            if mode != 0o400 || tree.root().owner() == 0 {
                assert_eq!(take("/run/lock").is_ok(), wanted, "{mode:o}");
            }
        }
        tree.mode("/run/lock", 0o600);
        std::os::unix::fs::symlink("lock", tree.root().path("/run/link")).unwrap();
        assert!(take("/run/link").is_err());
        tree.directory("/run/folder");
        assert!(take("/run/folder").is_err());
        nix::unistd::mkfifo(&tree.root().path("/run/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(take("/run/fifo").is_err());
    }

    /// What everybody can open, everybody can lock.
    #[test]
    fn whoever_locks_the_folder_delays_nobody() {
        let tree = Tree::new();
        let folder = File::open(tree.directory(STATE)).unwrap();
        let _held = Flock::lock(folder, FlockArg::LockExclusive).unwrap();
        assert!(state(tree.root()).is_ok());
    }
}
