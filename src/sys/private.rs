//! Memory of this process alone.

use super::guarded::keep_in_memory;
use super::mapping::Mapping;
use nix::libc;
use std::io;
use std::ops::{Deref, DerefMut, Range};
use zeroize::Zeroize as _;

/// The size of a huge page. Memory of huge pages costs the kernel one fault where it costs 512 otherwise.
const HUGE_PAGE: usize = 2 << 20;

/// Anonymous memory: no file holds it, and no other process maps it. It is zero at first.
#[derive(Debug)]
pub struct Private {
    mapping: Mapping,
    secret: Range<usize>,
}

impl Private {
    /// Reserves this many bytes. The kernel provides a page when it is first touched.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn new(length: usize) -> io::Result<Self> {
        let (protection, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        Mapping::new(length, protection, kind, -1).map(|mapping| Self { mapping, secret: 0..0 })
    }

    /// Asks for huge pages, for memory of which every byte will be touched.
    pub fn prefer_huge_pages(&self) {
        if self.mapping.len() >= HUGE_PAGE {
            // SAFETY: the mapping is live, and the advice changes none of its bytes. A kernel without huge pages refuses the advice.
            unsafe { libc::madvise(self.mapping.start().cast(), self.mapping.len(), libc::MADV_HUGEPAGE) };
        }
    }
}

impl Private {
    /// Marks a range as secret: it is not swapped out, is in no core dump, and is overwritten before its memory is returned.
    pub fn guard(&mut self, secret: Range<usize>) {
        keep_in_memory(&self.mapping, &secret);
        self.secret = secret.start..secret.end.min(self.len());
    }

    fn wipe(&mut self) {
        let secret = self.secret.clone();
        self.get_mut(secret).unwrap_or_default().zeroize();
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Private {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: all of it is mapped, and is zero or was written by `deref_mut`.
        unsafe { std::slice::from_raw_parts(self.mapping.start(), self.mapping.len()) }
    }
}

impl DerefMut for Private {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.mapping.start(), self.mapping.len()) }
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

    #[test]
    fn a_secret_is_overwritten_and_nothing_else() {
        let mut memory = Private::new(8).unwrap();
        memory.fill(7);
        memory.guard(2..5);
        memory.wipe();
        assert_eq!(*memory, [7, 7, 0, 0, 0, 7, 7, 7]);
        memory.guard(6..90);
        memory.wipe();
        assert_eq!(*memory, [7, 7, 0, 0, 0, 7, 0, 0]);
    }
}
