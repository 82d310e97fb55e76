//! Memory of this process alone.

use nix::libc;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// The size of a huge page. Memory of huge pages costs the kernel one fault where it costs 512 otherwise.
const HUGE_PAGE: usize = 2 << 20;

/// Anonymous memory: no file holds it, and no other process maps it. It is zero at first.
#[derive(Debug)]
pub struct Private {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory belongs to this value alone, like that of a Vec.
unsafe impl Send for Private {}
// SAFETY: as above; it changes only through `&mut`.
unsafe impl Sync for Private {}

impl Private {
    /// Reserves this many bytes. The kernel provides a page when it is first touched.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn new(length: usize) -> io::Result<Self> {
        if length == 0 {
            return Ok(Self { start: NonNull::dangling(), length });
        }
        let (protection, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("the kernel mapped the address 0"))?;
        Ok(Self { start, length })
    }

    /// Asks for huge pages, for memory of which every byte will be touched.
    pub fn prefer_huge_pages(&self) {
        if self.length >= HUGE_PAGE {
            // SAFETY: the mapping is live, and the advice changes none of its bytes. A kernel without huge pages refuses the advice.
            unsafe { libc::madvise(self.start.as_ptr().cast(), self.length, libc::MADV_HUGEPAGE) };
        }
    }
}

impl Deref for Private {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `new` mapped `length` bytes at `start`, which are zero or were written by `deref_mut`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Private {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl AsRef<[u8]> for Private {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if self.length != 0 {
            // SAFETY: this mapping is ours alone and no slice of it outlives `self`.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_zero_and_can_be_written() {
        for length in [0, 1, 4096, HUGE_PAGE - 1, HUGE_PAGE + 1] {
            let mut memory = Private::new(length).unwrap();
            memory.prefer_huge_pages();
            assert_eq!(memory.len(), length);
            assert!(memory.iter().all(|byte| *byte == 0));
            memory.fill(7);
            assert!(memory.iter().all(|byte| *byte == 7), "{length}");
        }
        assert!(Private::new(usize::MAX / 2).is_err());
    }
}
