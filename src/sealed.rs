//! A file's bytes, read once: what is verified is what is loaded.

use crate::reason::{Finding, Reason};
use crate::sys::{Map, Memfd};
use nix::libc;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
    length: u64,
}

impl Source {
    /// Opens a regular, non-empty file of at most [`MAX_SIZE`] bytes.
    ///
    /// # Errors
    /// Those of [`open_regular`], or `empty`, `too-big`.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let unfit = |reason: Reason| Err(OpenError::Unfit(reason.into()));
        let file = open_regular(path)?;
        let length = file.metadata()?.len();
        match () {
            () if length == 0 => unfit(Reason::Empty),
            () if length > MAX_SIZE => unfit(Reason::TooBig),
            () => Ok(Self { path: path.to_owned(), file, length }),
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
        self.length
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

    /// Copies all of it to `target`.
    ///
    /// # Errors
    /// `changed-while-read` when it is not as long as it was when it was opened.
    pub(crate) fn copy_to(&self, target: &mut File) -> Result<u64, OpenError> {
        let limit = self.length.saturating_add(1);
        let copied = io::copy(&mut (&self.file).take(limit), target)?;
        if copied != self.length {
            let seen = format!("it had {} bytes, then {copied} or more", self.length);
            return Err(OpenError::Unfit(Finding::new(Reason::ChangedWhileRead, seen)));
        }
        Ok(copied)
    }
}

/// The bytes of a file in a sealed memfd, mapped; and the open file itself, which LoadPin and IMA need.
#[derive(Debug)]
pub struct Sealed {
    source: Source,
    memfd: Memfd,
    map: Map,
}

impl Sealed {
    /// Reads a file once.
    ///
    /// # Errors
    /// Those of [`Source::open`] and [`Source::copy_to`].
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
        let memfd = Memfd::create(c"skexec", |target| source.copy_to(target))?;
        let map = Map::new(&memfd)?;
        Ok(Self { source, memfd, map })
    }

    /// The path that it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// The bytes, as they were read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The descriptor of just these bytes.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.memfd.as_fd()
    }

    /// The file that they were read from, which may have changed since.
    #[must_use]
    pub const fn original(&self) -> &File {
        self.source.file()
    }
}

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}
