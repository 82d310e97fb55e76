//! A hardware watchdog (Documentation/watchdog/watchdog-api.rst).

use nix::errno::Errno;
use nix::libc;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// include/uapi/linux/watchdog.h; libc does not name them. Their letter is `W`, and both take an `int`.
const SET_TIMEOUT: libc::Ioctl = libc::_IOWR::<libc::c_int>(0x57, 6);
const GET_TIMEOUT: libc::Ioctl = libc::_IOR::<libc::c_int>(0x57, 7);

/// What a driver that permits it takes as the wish to stop when the file is closed.
const STOP: &[u8] = b"V";

/// A watchdog that counts down. It goes on when this is dropped, and when the process ends.
#[derive(Debug)]
pub struct Watchdog(File);

impl Watchdog {
    /// Starts it. Only one process can have it open.
    ///
    /// # Errors
    /// `ResourceBusy` where another process has it; those of the driver.
    pub fn start(device: &Path) -> io::Result<Self> {
        let open = OpenOptions::new().write(true).custom_flags(libc::O_CLOEXEC | libc::O_NOCTTY).open(device)?;
        Ok(Self(open))
    }

    /// Sets the seconds, counts from the start again, and returns the seconds that the hardware has: it may round them.
    ///
    /// # Errors
    /// `InvalidInput` where the hardware cannot count so many.
    pub fn set(&self, seconds: i32) -> io::Result<i32> {
        let mut value: libc::c_int = seconds;
        // SAFETY: WDIOC_SETTIMEOUT reads and writes one `int`, which outlives the call; the descriptor is open as long as `self`.
        Errno::result(unsafe { libc::ioctl(self.0.as_raw_fd(), SET_TIMEOUT, &raw mut value) })?;
        // SAFETY: WDIOC_GETTIMEOUT writes one `int`, which outlives the call; the descriptor is open as long as `self`.
        Errno::result(unsafe { libc::ioctl(self.0.as_raw_fd(), GET_TIMEOUT, &raw mut value) })?;
        self.kick()?;
        Ok(value)
    }

    /// Counts from the start again.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn kick(&self) -> io::Result<()> {
        (&self.0).write_all(b"\0")
    }

    /// Stops it, where the driver permits that.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn stop(self) -> io::Result<()> {
        (&self.0).write_all(STOP)
    }
}
