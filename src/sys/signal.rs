//! Signals that would end the program where an error can be reported, or between two things that belong together.

use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow};
use std::mem::MaybeUninit;

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

/// Whether a signal waits that would end the program.
#[must_use]
pub fn is_to_end() -> bool {
    ENDING.into_iter().any(|signal| waits(signal) && !is_ignored(signal))
}

/// What a person, a session that closes, or a service manager sends.
const ENDING: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

fn waits(signal: libc::c_int) -> bool {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigpending writes one set, which outlives the call, and sigismember reads it.
    unsafe { libc::sigpending(set.as_mut_ptr()) == 0 && libc::sigismember(set.as_ptr(), signal) == 1 }
}

/// A signal that is held waits even if it is ignored (kernel/signal.c, `sig_ignored`), as SIGHUP is below nohup.
fn is_ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action, sigaction only writes the present one, which outlives the call.
    let read = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all zeros are a valid action, and what was written is one, too.
    read == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

impl Drop for Held {
    fn drop(&mut self) {
        // It fails only for a set that the kernel does not know.
        let _ = self.0.take().map(|before| before.thread_set_mask());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal, raise};

    /// SIGTERM, because nohup ignores SIGHUP, and a shell without job control SIGINT and SIGQUIT. Nothing is asserted while the
    /// signals wait: a panic would let them end all tests, and its message would be lost.
    #[test]
    fn a_signal_that_waits_is_seen() {
        let held = Held::all();
        let none = is_to_end();
        raise(Signal::SIGUSR1).unwrap();
        let one_that_nobody_sends = is_to_end();
        raise(Signal::SIGTERM).unwrap();
        let one_that_ends = is_to_end();
        let both: SigSet = [Signal::SIGUSR1, Signal::SIGTERM].into_iter().collect();
        both.wait().unwrap();
        both.wait().unwrap();
        let after = is_to_end();
        drop(held);
        assert_eq!([none, one_that_nobody_sends, one_that_ends, after], [false, false, true, false]);
    }
}
