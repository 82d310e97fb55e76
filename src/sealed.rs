//! A file's bytes, read once: what is verified is what is loaded.

mod pass;
mod source;

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
                let (memory, known) = into_memory(length, fill, all)?;
                (Memory::Private(memory), known, 0..0)
            }
            Keep::Checked => {
                let (memory, known, gap) = with_gap(length, fill, plan)?;
                (Memory::Private(memory), known, gap)
            }
            Keep::Memfd => {
                let (memfd, known) = into_memfd(length, fill, all)?;
                let map = Map::new(&memfd)?;
                (Memory::Memfd(memfd, map), known, 0..0)
            }
        };
        source.unchanged()?;
        let (source, spoiled) = (Arc::new(source), Arc::default());
        let again = Box::new(Remainder::new(&source, &spoiled));
        Ok(Hashed::knowing(Self { source, memory, spoiled }, known).with_gap(gap, again))
    }

    /// The path that it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.source.path()
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
