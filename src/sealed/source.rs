//! A file that is open for reading, and whether it changes meanwhile.

use super::pass::PIECE;
use super::{MAX_SIZE, OpenError, meter};
use crate::digest::Again;
use crate::reason::{Finding, Reason};
use crate::sys::Private;
use nix::libc;

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Opens a regular file for reading. A FIFO does not block, a device is not started.
///
/// # Errors
/// The system's error, or `not-regular`.
pub(crate) fn open_regular(path: &Path) -> Result<File, OpenError> {
    let refused = || OpenError::Unfit(Reason::NotRegular.into());
    // Opening a device can start it. A file that replaces this one meanwhile is noticed below.
    if !std::fs::metadata(path)?.is_file() {
        return Err(refused());
    }
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused()) }
}

/// A regular file that is open for reading.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: File,
    stamp: Stamp,
}

/// What `fstat(2)` says about a file: it differs after a write, a truncation, a rename or a change of permissions. It does not differ
/// after two writes within one tick of the file system's clock (up to 10 ms; finer from Linux 6.13 on), nor after a write through a
/// shared mapping that the kernel has not noted yet, nor where a file system in a network or a FUSE server keeps old values. What was
/// read before such a change is still what is judged and loaded: the bytes are taken once.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: (u64, u64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

impl Source {
    /// Opens a regular, non-empty file of at most [`MAX_SIZE`] bytes.
    ///
    /// # Errors
    /// Those of [`open_regular`], or `empty`, `too-big`.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let unfit = |reason: Reason| Err(OpenError::Unfit(reason.into()));
        let file = open_regular(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        match () {
            () if stamp.length == 0 => unfit(Reason::Empty),
            () if stamp.length > MAX_SIZE => unfit(Reason::TooBig),
            () => {
                meter::expect(stamp.length);
                Ok(Self { path: path.to_owned(), file, stamp })
            }
        }
    }

    /// The path that it was opened by.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes, when it was opened.
    #[must_use]
    pub(crate) const fn len(&self) -> u64 {
        self.stamp.length
    }

    /// The open file.
    #[must_use]
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// Its first bytes, at most 4096: enough to tell formats apart.
    ///
    /// # Errors
    /// What reading answers.
    pub(crate) fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = vec![0; 4096];
        // By offset: the position stays where it is, at the start.
        let read = self.file.read_at(&mut head, 0)?;
        head.truncate(read);
        Ok(head)
    }

    /// Fills `target` with the bytes from `at` on.
    ///
    /// # Errors
    /// What reading answers; `changed-while-read` where the file ends earlier than it did when it was opened.
    pub(crate) fn read(&self, target: &mut [u8], at: usize) -> Result<(), OpenError> {
        match self.file.read_exact_at(target, u64::try_from(at).unwrap_or(u64::MAX)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(changed(format!("it had {} bytes, then fewer", self.len())))
            }
            other => {
                meter::advance(target.len());
                Ok(other?)
            }
        }
    }

    /// Reads all of it, and keeps nothing.
    ///
    /// # Errors
    /// Those of [`read`](Self::read) and [`unchanged`](Self::unchanged).
    pub(crate) fn read_through(&self) -> Result<(), OpenError> {
        let length = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let mut buffer = Private::new(PIECE.min(length))?;
        for start in (0..length).step_by(PIECE) {
            self.read(buffer.get_mut(..length.saturating_sub(start).min(PIECE)).unwrap_or_default(), start)?;
        }
        self.unchanged()
    }

    /// Checks that the file is still the one that was opened, after all of it was read.
    ///
    /// # Errors
    /// `changed-while-read`; what `fstat(2)` answers.
    pub(crate) fn unchanged(&self) -> Result<(), OpenError> {
        let now = Stamp::of(&self.file.metadata()?);
        match () {
            () if now == self.stamp => Ok(()),
            () if now.length != self.len() => Err(changed(format!("it had {} bytes, then {}", self.len(), now.length))),
            () => Err(changed("its time of change is a later one".into())),
        }
    }
}

/// A file from which bytes were left out, and whether it was still the same whenever some of them were read again.
#[derive(Debug)]
pub(super) struct Remainder {
    source: Arc<Source>,
    spoiled: Arc<OnceLock<Finding>>,
}

impl Remainder {
    pub(super) fn new(source: &Arc<Source>, spoiled: &Arc<OnceLock<Finding>>) -> Self {
        Self { source: Arc::clone(source), spoiled: Arc::clone(spoiled) }
    }
}

impl Again for Remainder {
    fn read(&self, range: Range<usize>) -> Vec<u8> {
        let mut bytes = vec![0; range.len()];
        match self.source.read(&mut bytes, range.start).and_then(|()| self.source.unchanged()) {
            Ok(()) => bytes,
            Err(error) => {
                let _ = self.spoiled.set(error.into());
                Vec::new()
            }
        }
    }
}

fn changed(seen: String) -> OpenError {
    OpenError::Unfit(Finding::new(Reason::ChangedWhileRead, seen))
}
