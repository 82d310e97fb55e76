//! A read lease: while it is held, the kernel notifies us before it lets anyone open the file for writing.

use nix::errno::Errno;
use nix::libc;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

/// include/uapi/asm-generic/fcntl.h; libc does not name it.
const F_SETSIG: i32 = 10;

/// A read lease on a file (`fcntl(2)`, "Leases"). A process that opens the file for writing waits until the lease is released or
/// `/proc/sys/fs/lease-break-time` (45 s) has passed.
#[derive(Debug)]
pub struct Lease<'a> {
    file: &'a File,
}

impl<'a> Lease<'a> {
    /// Takes the lease. The kernel notifies us by `SIGURG`, which is ignored by default; the default `SIGIO` would end the program.
    ///
    /// # Errors
    /// `WouldBlock` if the file is open for writing; `InvalidInput` if the file system does not support leases.
    pub fn take(file: &'a File) -> io::Result<Self> {
        // SAFETY: F_SETSIG takes an integer.
        Errno::result(unsafe { libc::fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG) })?;
        set(file.as_raw_fd(), libc::F_RDLCK)?;
        Ok(Self { file })
    }

    /// Whether no process has tried to open the file for writing until now.
    #[must_use]
    pub fn held(&self) -> bool {
        // SAFETY: F_GETLEASE has no argument.
        let state = unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_GETLEASE) };
        state == libc::F_RDLCK
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // A failure does no harm: the lease ends when the descriptor is closed.
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
            // Some overlay file systems do not support leases; the caller refuses such files.
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
