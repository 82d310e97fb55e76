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
use std::os::unix::fs::FileExt as _;

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
        let length = usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        seal(&file, length)?;
        Ok(Self { file, length, _locked: None })
    }

    /// The same of this length, of which a range is secret: it is not swapped out from before it is written until the memfd ends. Where
    /// the memfd is not completed, the range is overwritten; later, nothing can overwrite it.
    ///
    /// # Errors
    /// As for [`create`](Self::create), and the error of `mmap(2)`.
    pub fn guarded<E: From<io::Error>>(
        name: &CStr,
        length: usize,
        secret: &Range<usize>,
        fill: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut file = File::from(open(name).map_err(io::Error::from)?);
        file.set_len(u64::try_from(length).unwrap_or(u64::MAX))?;
        // A shared mapping, even one that cannot be written, would keep the kernel from sealing.
        let length_mapped = if secret.is_empty() { 0 } else { length };
        let mapping = Mapping::new(length_mapped, nix::libc::PROT_READ, nix::libc::MAP_PRIVATE, file.as_raw_fd())?;
        keep_in_memory(&mapping, secret);
        let filled = fill(&mut file).and_then(|()| Ok(seal(&file, length)?));
        if let Err(error) = filled {
            wipe(&file, secret);
            return Err(error);
        }
        Ok(Self { file, length, _locked: Some(mapping) })
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

fn seal(file: &File, length: usize) -> io::Result<()> {
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(file, FcntlArg::F_ADD_SEALS(seals))?;
    if file.metadata()?.len() != u64::try_from(length).unwrap_or(u64::MAX) {
        return Err(io::Error::other("the sealed copy is not as long as what was written"));
    }
    Ok(())
}

/// Overwrites a range as far as that is possible.
fn wipe(file: &File, range: &Range<usize>) {
    const ZEROS: &[u8] = &[0; 4096];
    for start in range.clone().step_by(ZEROS.len()) {
        let piece = ZEROS.get(..range.end.saturating_sub(start).min(ZEROS.len())).unwrap_or_default();
        let _ = file.write_all_at(piece, u64::try_from(start).unwrap_or(u64::MAX));
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

    /// The flags of the mapping of a memfd with this name (proc_pid_smaps(5)).
    fn flags(name: &str) -> Vec<String> {
        let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut own = text.lines().skip_while(|line| !line.contains(name));
        let flags = own.find_map(|line| line.strip_prefix("VmFlags:")).unwrap_or_default();
        flags.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn a_secret_is_locked_before_it_is_written() {
        let mut while_writing = Vec::new();
        let memfd = Memfd::guarded(c"skexec-guarded-test", 6, &(2..4), |file| {
            while_writing = flags("skexec-guarded-test");
            file.write_all(b"kernel")
        })
        .unwrap();
        assert!(["lo", "dd"].iter().all(|flag| while_writing.iter().any(|own| own == flag)), "{while_writing:?}");
        assert_eq!(&*Map::new(&memfd).unwrap(), b"kernel");
        assert!(File::from(memfd.as_fd().try_clone_to_owned().unwrap()).write(b"K").is_err());
    }

    #[test]
    fn a_secret_that_is_not_completed_is_overwritten() {
        let mut left = None;
        let torn = Memfd::guarded(c"test", 10_000, &(2..9_000), |file| {
            file.write_all(&[7; 9_500])?;
            left = Some(file.try_clone()?);
            Err(io::Error::other("torn"))
        });
        assert_eq!(torn.unwrap_err().to_string(), "torn");
        let mut bytes = [0; 9_500];
        left.unwrap().read_exact_at(&mut bytes, 0).unwrap();
        assert!(bytes[..2].iter().chain(&bytes[9_000..]).all(|byte| *byte == 7));
        assert!(bytes[2..9_000].iter().all(|byte| *byte == 0));
    }
}
