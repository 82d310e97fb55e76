//! The size of a terminal.

use nix::libc;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// The columns of the terminal; nothing where it is none, or does not know.
#[must_use]
pub fn columns(fd: BorrowedFd<'_>) -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one `winsize`, which outlives the call; the descriptor is open as long as its borrow.
    let answer = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col > 0).then(|| usize::from(size.ws_col))
}
