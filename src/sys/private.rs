//! Memory of this process alone.

use super::mapping::Mapping;
use nix::libc;
use std::io;
use std::ops::{Deref, DerefMut};

/// The size of a huge page. Memory of huge pages costs the kernel one fault where it costs 512 otherwise.
const HUGE_PAGE: usize = 2 << 20;

/// Anonymous memory: no file holds it, and no other process maps it. It is zero at first.
#[derive(Debug)]
pub struct Private(Mapping);

impl Private {
    /// Reserves this many bytes. The kernel provides a page when it is first touched.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn new(length: usize) -> io::Result<Self> {
        let (protection, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        Mapping::new(length, protection, kind, -1).map(Self)
    }

    /// Asks for huge pages, for memory of which every byte will be touched.
    pub fn prefer_huge_pages(&self) {
        if self.0.len() >= HUGE_PAGE {
            // SAFETY: the mapping is live, and the advice changes none of its bytes. A kernel without huge pages refuses the advice.
            unsafe { libc::madvise(self.0.start().cast(), self.0.len(), libc::MADV_HUGEPAGE) };
        }
    }
}

impl Deref for Private {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: all of it is mapped, and is zero or was written by `deref_mut`.
        unsafe { std::slice::from_raw_parts(self.0.start(), self.0.len()) }
    }
}

impl DerefMut for Private {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.0.start(), self.0.len()) }
    }
}

impl AsRef<[u8]> for Private {
    fn as_ref(&self) -> &[u8] {
        self
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
