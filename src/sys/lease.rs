//! A read lease: while it is held, nobody opens the file for writing without the kernel asking us first.

use nix::errno::Errno;
use nix::libc;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

/// include/uapi/asm-generic/fcntl.h; libc does not name it.
const F_SETSIG: i32 = 10;

/// A read lease on a file (`fcntl(2)`, "Leases"). Whoever opens the file for writing waits until it is given back or
/// `/proc/sys/fs/lease-break-time` (45 s) is over.
#[derive(Debug)]
pub struct Lease<'a> {
    file: &'a File,
}

impl<'a> Lease<'a> {
    /// Takes the lease. The kernel is told to ask for it back by `SIGURG`, which ends nobody; `SIGIO` would end us.
    ///
    /// # Errors
    /// `WouldBlock` when someone has the file open for writing; `InvalidInput` where the file system has no leases.
    pub fn take(file: &'a File) -> io::Result<Self> {
        // SAFETY: F_SETSIG takes an integer.
        Errno::result(unsafe { libc::fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG) })?;
        set(file.as_raw_fd(), libc::F_RDLCK)?;
        Ok(Self { file })
    }

    /// Whether nobody has asked for it back until now.
    #[must_use]
    pub fn held(&self) -> bool {
        // SAFETY: F_GETLEASE has no argument.
        let state = unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_GETLEASE) };
        state == libc::F_RDLCK
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a failure; the lease ends with the descriptor.
        let _ = set(self.file.as_raw_fd(), libc::F_UNLCK);
    }
}

fn set(fd: RawFd, kind: i32) -> io::Result<()> {
    // SAFETY: F_SETLEASE takes an integer.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_SETLEASE, kind) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::os::unix::fs::OpenOptionsExt;

    #[test]
    fn a_writer_breaks_the_lease_and_a_reader_does_not() {
        let path = std::env::temp_dir().join(format!("skexec-lease-{}", std::process::id()));
        std::fs::write(&path, b"kernel").unwrap();
        let file = File::open(&path).unwrap();
        let Ok(lease) = Lease::take(&file) else {
            // No leases here (some overlay file systems); the caller refuses such files.
            std::fs::remove_file(&path).unwrap();
            return;
        };
        File::open(&path).unwrap();
        assert!(lease.held());
        let writer = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&path);
        assert_eq!(writer.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(!lease.held());
        drop(lease);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn no_lease_while_a_writer_is_there() {
        let path = std::env::temp_dir().join(format!("skexec-writer-{}", std::process::id()));
        let _writer = File::create(&path).unwrap();
        let file = File::open(&path).unwrap();
        assert!(Lease::take(&file).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
