//! A file's bytes, read once: what is verified is what is loaded.

mod meter;
mod pass;
mod source;

pub(crate) use meter::{reading, unpack, unpacking};
use pass::with_gap;
pub(crate) use pass::{in_stretches, into_memfd, into_memory};
use source::Remainder;
pub(crate) use source::{Source, open_regular};

use crate::digest::{Hashed, Passing};
use crate::reason::{Finding, Reason};
use crate::sys::{Map, Memfd, Private};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// `KEXEC_FILE_SIZE_MAX` (include/linux/kexec.h): what the kernel reads of a file at most, in bytes.
pub(crate) const MAX_SIZE: u64 = 4 << 30;

/// Why a file cannot be read: an error of the system, or a rule of skexec.
#[derive(Debug)]
pub enum OpenError {
    /// Opening or reading failed.
    Io(io::Error),
    /// The file cannot be loaded.
    Unfit(Finding),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<OpenError> for Finding {
    fn from(error: OpenError) -> Self {
        match error {
            // Reading knows no limit, but the copy in memory is a file, too.
            OpenError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Self::new(Reason::FileSizeLimit, "the copy of it in memory would be larger")
            }
            OpenError::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                Self::new(Reason::OutOfMemory, "skexec has none to read the file into")
            }
            OpenError::Io(error) => Self::new(Reason::Unreadable, error.to_string()),
            OpenError::Unfit(finding) => finding,
        }
    }
}

/// Where the bytes of a file are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// In memory of this process, which no other can write to.
    Private,
    /// The same, without bytes that no check looks at, which the plan names: they are only hashed. Nobody can load the file then.
    Checked,
    /// In a sealed memfd, which the running kernel can be given.
    Memfd,
}

#[derive(Debug)]
enum Memory {
    Private(Private),
    Memfd(Memfd, Map),
}

/// The bytes of a file, which nothing can change any more; and the open file itself, which LoadPin and IMA need.
#[derive(Debug)]
pub struct Sealed {
    source: Arc<Source>,
    memory: Memory,
    /// Whether every byte was kept.
    complete: bool,
    /// Why bytes that were not kept could not be read again.
    spoiled: Arc<OnceLock<Finding>>,
}

/// Names the digests to make while a file is read, by its first bytes and its length, and the bytes that no check looks at.
pub(crate) type Plan<'a> = &'a dyn Fn(&[u8], usize) -> (Passing, Range<usize>);

impl Sealed {
    /// Reads a file once.
    ///
    /// # Errors
    /// Those of [`Source::open`] and of reading.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Self::read_at_most(path, MAX_SIZE)
    }

    /// Reads a file once that may not have more than this many bytes: a longer one is not read at all.
    ///
    /// # Errors
    /// Those of [`Self::read`]; `too-big`.
    pub(crate) fn read_at_most(path: &Path, most: u64) -> Result<Self, OpenError> {
        let source = Source::open(path)?;
        if source.len() > most {
            let seen = format!("it has {} bytes; the limit is {most}", source.len());
            return Err(OpenError::Unfit(Finding::new(Reason::TooBig, seen)));
        }
        let nothing = |_: &[u8], _| (Passing::new([]), 0..0);
        Ok(Self::take(source, Keep::Private, &nothing)?.into_owner())
    }

    /// Reads a file once, and makes the digests of the plan in the same pass.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub(crate) fn read_hashed(path: &Path, keep: Keep, plan: Plan<'_>) -> Result<Hashed<Self>, OpenError> {
        Self::take(Source::open(path)?, keep, plan)
    }

    fn take(source: Source, keep: Keep, plan: Plan<'_>) -> Result<Hashed<Self>, OpenError> {
        let length = usize::try_from(source.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let fill = |target: &mut [u8], at: usize| source.read(target, at);
        let plan = |head: &[u8]| plan(head, length);
        let all = |head: &[u8]| plan(head).0;
        let (memory, known, gap) = match keep {
            Keep::Private => {
                let (memory, known) = into_memory(Private::new(length)?, fill, all)?;
                (Memory::Private(memory), known, 0..0)
            }
            Keep::Checked => {
                let (memory, known, gap) = with_gap(Private::new(length)?, fill, plan)?;
                (Memory::Private(memory), known, gap)
            }
            Keep::Memfd => {
                let (memfd, known) = into_memfd(length, &(0..0), fill, all)?;
                let map = Map::new(&memfd)?;
                (Memory::Memfd(memfd, map), known, 0..0)
            }
        };
        source.unchanged()?;
        let (source, spoiled) = (Arc::new(source), Arc::default());
        let again = Box::new(Remainder::new(&source, &spoiled));
        let complete = gap.is_empty();
        Ok(Hashed::knowing(Self { source, memory, complete, spoiled }, known).with_gap(gap, again))
    }

    /// The path that it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Whether every byte was kept, so that the file can be loaded.
    #[must_use]
    pub(crate) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Checks that the file had not changed when bytes of it that were not kept were read again.
    ///
    /// # Errors
    /// `changed-while-read`, `unreadable`.
    pub(crate) fn intact(&self) -> Result<(), Finding> {
        self.spoiled.get().map_or(Ok(()), |finding| Err(finding.clone()))
    }

    /// The bytes, as they were read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Private(memory) => memory,
            Memory::Memfd(_, map) => map,
        }
    }

    /// The descriptor of just these bytes; `None` where they are in this process's own memory.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.memory {
            Memory::Private(_) => None,
            Memory::Memfd(memfd, _) => Some(memfd.as_fd()),
        }
    }

    /// The file that they were read from, which may have changed since.
    #[must_use]
    pub fn original(&self) -> &File {
        self.source.file()
    }
}

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;
    use std::io::Write as _;

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("skexec-sealed-{}-{name}", std::process::id()))
    }

    type Change = fn(&Path);

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let path = path("changing");
        let changes: [(Change, &str); 4] = [
            (
                |path| File::options().append(true).open(path).unwrap().write_all(b"!").unwrap(),
                "it had 300000 bytes, then 300001",
            ),
            (
                |path| File::options().write(true).open(path).unwrap().set_len(5).unwrap(),
                "it had 300000 bytes, then fewer",
            ),
            (
                |path| File::open(path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap(),
                "its time of change is a later one",
            ),
            (|path| std::fs::rename(path, path.with_extension("old")).unwrap(), "its time of change is a later one"),
        ];
        for (change, seen) in changes {
            for keep in [Keep::Private, Keep::Checked, Keep::Memfd] {
                std::fs::write(&path, vec![7; 300_000]).unwrap();
                // The times of the file system's clock have steps.
                std::thread::sleep(std::time::Duration::from_millis(20));
                let plan = |_: &[u8], _| {
                    change(&path);
                    (Passing::new([]), 0..0)
                };
                let finding = Finding::from(Sealed::read_hashed(&path, keep, &plan).unwrap_err());
                assert_eq!((finding.reason, &*finding.detail), (Reason::ChangedWhileRead, seen), "{keep:?}");
            }
        }
        let _ = std::fs::remove_file(path.with_extension("old"));
        let _ = std::fs::remove_file(&path);
    }

    #[test]
    fn what_was_not_kept_is_read_again_unless_it_changed() {
        let path = path("gap");
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
        std::fs::write(&path, &bytes).unwrap();
        let plan = |_: &[u8], length| (Passing::new([vec![0..length]]), 200_000..900_000);
        let read = || Sealed::read_hashed(&path, Keep::Checked, &plan).unwrap();
        let (file, late) = (read(), read());
        assert!(!file.owner().is_complete() && file.bytes() != bytes);
        let fresh = Hashed::new(&bytes);
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384] {
            assert_eq!(file.whole(algorithm), fresh.whole(algorithm));
        }
        assert!(file.owner().intact().is_ok());
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, vec![0; bytes.len()]).unwrap();
        assert_eq!(late.whole(Algorithm::Sha256), fresh.whole(Algorithm::Sha256), "what is known stays known");
        assert!(late.owner().intact().is_ok());
        let _ = late.whole(Algorithm::Sha512);
        assert_eq!(late.owner().intact().unwrap_err().reason, Reason::ChangedWhileRead);
        std::fs::remove_file(&path).unwrap();
    }
}
