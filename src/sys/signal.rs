//! Signals that would end the program where an error can be reported, or between two things that belong together.

use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow};

/// Ignores SIGXFSZ, which ends a program that writes beyond its limit on the size of files (`RLIMIT_FSIZE`, setrlimit(2)).
/// The write then fails with `EFBIG`. Programs that this one starts ignore the signal, too.
pub fn ignore_file_size_signal() {
    // SAFETY: no handler is installed, so no code of ours runs in a signal's context.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// While it lives, signals wait: those that would end the program do so when it is dropped. `SIGKILL` cannot be held. Programs that are
/// started meanwhile get theirs.
#[derive(Debug)]
pub struct Held(Option<SigSet>);

impl Held {
    /// Holds the signals of this thread; other threads must have ended.
    #[must_use]
    pub fn all() -> Self {
        Self(SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It fails only for a set that the kernel does not know.
        let _ = self.0.take().map(|before| before.thread_set_mask());
    }
}
