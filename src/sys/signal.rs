//! Signals that would end the program where an error can be reported.

use nix::libc;

/// Ignores SIGXFSZ, which ends a program that writes beyond its limit on the size of files (`RLIMIT_FSIZE`, setrlimit(2)).
/// The write then fails with `EFBIG`. Programs that this one starts ignore the signal, too.
pub fn ignore_file_size_signal() {
    // SAFETY: no handler is installed, so no code of ours runs in a signal's context.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}
