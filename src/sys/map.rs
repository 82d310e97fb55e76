//! A read-only view of a sealed memfd.

use super::Memfd;
use super::mapping::Mapping;
use nix::libc;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

/// The bytes of a [`Memfd`], which nothing can change any more.
#[derive(Debug)]
pub struct Map(Mapping);

impl Map {
    /// Maps the whole of a sealed memfd. A private mapping that is never written to shows the memfd's own pages; a shared one of a memfd that
    /// is sealed against writing is refused before Linux 6.7, even where it could only be read.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn new(memfd: &Memfd) -> io::Result<Self> {
        Mapping::new(memfd.len(), libc::PROT_READ, libc::MAP_PRIVATE, memfd.as_raw_fd()).map(Self)
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: all of it is mapped; the memfd is sealed against writing and shrinking, so that the bytes neither change nor vanish
        // while the mapping lives.
        unsafe { std::slice::from_raw_parts(self.0.start(), self.0.len()) }
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
