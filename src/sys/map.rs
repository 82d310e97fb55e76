//! A read-only view of a sealed memfd.

use super::Memfd;
use nix::libc;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

/// The bytes of a [`Memfd`], which nothing can change any more.
#[derive(Debug)]
pub struct Map {
    start: *const u8,
    length: usize,
}

// SAFETY: the memory is read-only and sealed, so that it is the same from every thread.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Maps the whole of a sealed memfd.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn new(memfd: &Memfd) -> io::Result<Self> {
        let length = memfd.len();
        if length == 0 {
            return Ok(Self { start: std::ptr::NonNull::dangling().as_ptr(), length });
        }
        // SAFETY: a new mapping at an address that the kernel chooses; the descriptor is live.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_SHARED, memfd.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { start: start.cast(), length })
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `new` mapped `length` bytes at `start`; the memfd is sealed against writing and shrinking, so the
        // bytes neither change nor vanish while the mapping lives.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if self.length != 0 {
            // SAFETY: this mapping is ours alone and no slice of it outlives `self`.
            unsafe { libc::munmap(self.start.cast_mut().cast(), self.length) };
        }
    }
}
