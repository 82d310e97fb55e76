//! Giving up, for good, what this process may do and does not need. Threads that it starts from then on have no more than it has.

mod capabilities;
mod landlock;
mod seccomp;
#[cfg(test)]
mod tests;

pub use capabilities::Capability;

use nix::errno::Errno;
use nix::libc;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What a command goes on to need. Every command reads files, and writes to what is open already.
#[derive(Debug, Clone, Default)]
pub struct Need {
    /// It changes files: those below.
    pub writes: bool,
    /// Folders below which it makes, changes and removes files, each with the mode with which it is made where it is missing.
    pub folders: Vec<(PathBuf, u32)>,
    /// Files that it opens to write to them.
    pub files: Vec<PathBuf>,
    /// It loads or unloads kernels.
    pub loads: bool,
    /// The capabilities that it keeps, as far as it has them.
    pub capabilities: Vec<Capability>,
}

/// What was given up.
#[derive(Debug)]
struct Done {
    filtered: bool,
    /// What the kernel did not permit to give up, with its answer.
    kept: Vec<String>,
}

/// It is done once, while the process has one thread.
static DONE: OnceLock<Done> = OnceLock::new();

/// Gives up all but this. What cannot be given up stops nothing: [`kept`] tells it.
pub(super) fn confine(need: &Need) {
    DONE.get_or_init(|| give_up(need));
}

/// What could not be given up, and why; nothing where all was, or nothing was to be.
pub(super) fn kept() -> Option<String> {
    let kept = &DONE.get()?.kept;
    (!kept.is_empty()).then(|| kept.join(", "))
}

/// The filters among those of this process that are its own.
#[must_use]
pub fn own_filters() -> u32 {
    u32::from(DONE.get().is_some_and(|done| done.filtered))
}

/// Keeps these of the capabilities that are left.
pub(super) fn keep_capabilities(kept: &[Capability]) {
    // What was possible once is possible again.
    let _ = capabilities::keep(kept);
}

/// The filter is last: it does not permit the other calls.
fn give_up(need: &Need) -> Done {
    let no_privileges = no_new_privileges();
    let landlock = landlock::restrict(&need.folders, &need.files);
    let capabilities = capabilities::keep(&need.capabilities);
    let filter = seccomp::filter(need.writes, need.loads);
    let filtered = filter.is_ok();
    let answers =
        [("no_new_privs", no_privileges), ("landlock", landlock), ("capabilities", capabilities), ("seccomp", filter)];
    let kept = answers.into_iter().filter_map(|(name, answer)| Some(format!("{name}: {}", answer.err()?))).collect();
    Done { filtered, kept }
}

/// Landlock and seccomp want this of whoever is not root, too.
fn no_new_privileges() -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    Ok(Errno::result(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).map(drop)?)
}
