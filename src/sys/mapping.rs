//! A mapping of memory, which ends with the value.

use nix::libc;
use std::io;
use std::ptr::NonNull;

/// What `mmap(2)` mapped for this value alone.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone, like the memory of a Vec.
unsafe impl Send for Mapping {}
// SAFETY: as above; through `&` it is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps this many bytes at an address that the kernel chooses; where there are none, nothing is mapped.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub(super) fn new(length: usize, protection: i32, kind: i32, file: i32) -> io::Result<Self> {
        if length == 0 {
            return Ok(Self { start: NonNull::dangling(), length });
        }
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, kind, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("the kernel mapped the address 0"))?;
        Ok(Self { start, length })
    }

    /// The address of the first byte.
    pub(super) const fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Bytes.
    pub(super) const fn len(&self) -> usize {
        self.length
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.length != 0 {
            // SAFETY: this mapping is ours alone, and no slice of it outlives `self`.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}
