//! A memfd that is filled once and sealed.

use super::guarded::keep_in_memory;
use super::mapping::Mapping;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// A sealed memfd: its length and bytes cannot change.
#[derive(Debug)]
pub struct Memfd {
    file: File,
    length: usize,
    /// Pages are locked as long as they are mapped.
    _locked: Option<Mapping>,
}

impl Memfd {
    /// Lets `fill` write the content, then seals it against writing, growing, shrinking and unsealing.
    ///
    /// # Errors
    /// The error of `fill`, or of creating or sealing the memfd.
    pub fn create<E: From<io::Error>>(name: &CStr, fill: impl FnOnce(&mut File) -> Result<u64, E>) -> Result<Self, E> {
        let mut file = File::from(open(name).map_err(io::Error::from)?);
        let length = fill(&mut file)?;
        Ok(Self::seal(file, length)?)
    }

    fn seal(file: File, length: u64) -> io::Result<Self> {
        let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        let length = usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if file.metadata()?.len() != u64::try_from(length).unwrap_or(u64::MAX) {
            return Err(io::Error::other("the sealed copy is not as long as what was written"));
        }
        Ok(Self { file, length, _locked: None })
    }

    /// Marks a range as secret: while the memfd lives, it is not swapped out. Nothing can overwrite it.
    ///
    /// # Errors
    /// The error of `mmap(2)`.
    pub fn guard(&mut self, secret: &Range<usize>) -> io::Result<()> {
        let mapping = Mapping::new(self.length, nix::libc::PROT_READ, nix::libc::MAP_SHARED, self.as_raw_fd())?;
        keep_in_memory(&mapping, secret);
        self._locked = Some(mapping);
        Ok(())
    }

    /// Bytes of content.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no content.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// From Linux 6.3 on, MFD_NOEXEC_SEAL marks a memfd as not executable, and `vm.memfd_noexec=2` demands the flag. Older kernels
/// refuse the flag.
fn open(name: &CStr) -> nix::Result<std::os::fd::OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let no_exec = MFdFlags::from_bits_retain(nix::libc::MFD_NOEXEC_SEAL);
    match memfd_create(name, flags | no_exec) {
        Err(Errno::EINVAL) => memfd_create(name, flags),
        other => other,
    }
}

impl AsFd for Memfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for Memfd {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Map;
    use std::io::{Seek, Write};

    #[test]
    fn nobody_can_change_a_sealed_copy() {
        let memfd = Memfd::create(c"test", |file| file.write(b"kernel").map(|_| 6)).unwrap();
        let map = Map::new(&memfd).unwrap();
        assert_eq!(&*map, b"kernel");
        let mut again = File::from(memfd.as_fd().try_clone_to_owned().unwrap());
        again.rewind().unwrap();
        assert_eq!(again.write(b"K").unwrap_err().raw_os_error(), Some(nix::libc::EPERM));
        assert!(again.set_len(3).is_err() && again.set_len(9).is_err());
        assert_eq!(&*map, b"kernel");
    }
}
