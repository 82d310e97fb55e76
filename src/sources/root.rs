//! The directory below which all files of the system are read.

use nix::libc;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The maximum size of a text file in /proc, /sys or /etc, in bytes; a kernel's configuration has 300 KiB.
const MAX_TEXT: u64 = 4 << 20;

/// The directory that contains /etc, /usr/lib, /boot, /sys, /proc and /run; tests use a directory of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(pub PathBuf);

impl Default for Root {
    fn default() -> Self {
        Self(PathBuf::from("/"))
    }
}

impl Root {
    /// The path of an absolute path's file below this root.
    #[must_use]
    pub fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let path = absolute.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The bytes of a regular file; `None` if it does not exist.
    ///
    /// # Errors
    /// Why an existing file cannot be read, see [`read_capped`].
    pub fn read(&self, absolute: &str, max: u64) -> io::Result<Option<Vec<u8>>> {
        present(read_capped(&self.path(absolute), max))
    }

    /// The content of a text file, for facts that may be unknown; `None` if the file is absent or cannot be read.
    #[must_use]
    pub fn text(&self, absolute: &str) -> Option<String> {
        let bytes = self.read(absolute, MAX_TEXT).ok()??;
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// The first `max` bytes of a file that may be long; `None` where it is absent or cannot be read.
    #[must_use]
    pub fn head(&self, absolute: &str, max: u64) -> Option<String> {
        let mut bytes = Vec::new();
        self.open(absolute)?.take(max).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file to read piece by piece; `None` where it is absent or cannot be opened.
    #[must_use]
    pub fn open(&self, absolute: &str) -> Option<File> {
        open_regular(&self.path(absolute)).ok()
    }

    /// Whether a file of that name exists.
    #[must_use]
    pub fn has(&self, absolute: &str) -> bool {
        fs::symlink_metadata(self.path(absolute)).is_ok()
    }

    /// The required owner of files that decide about trust: root, or, below the root of a test, the owner of that directory.
    #[must_use]
    pub fn owner(&self) -> u32 {
        if self.0 == Path::new("/") { 0 } else { fs::metadata(&self.0).map_or(0, |metadata| metadata.uid()) }
    }
}

/// Turns absence into `None`: the file or a directory of its path does not exist.
pub(crate) fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file for reading. The type is checked before opening, so that a FIFO does not block and a device is not
/// started, and again afterwards, in case the file was replaced in between.
///
/// # Errors
/// The error of the system call, or `InvalidInput` if the file is not a regular one.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let irregular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    if !fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
}

/// All bytes of a regular file of at most `max` bytes. The size is counted while reading, because files in /proc and /sys do not
/// report their size.
///
/// # Errors
/// As [`open_regular`], or `FileTooLarge`.
pub(crate) fn read_capped(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_rest(&open_regular(path)?, max)
}

/// The content of an open file of at most `max` bytes.
pub(crate) fn read_rest(file: &File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= max) {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {max} bytes")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;

    #[test]
    fn paths_go_below_the_root() {
        let root = Root(PathBuf::from("/tmp/r"));
        assert_eq!(root.path("/etc/x"), Path::new("/tmp/r/etc/x"));
        assert_eq!(root.path("etc/x"), Path::new("/tmp/r/etc/x"));
        assert_eq!(Root::default().path("/etc/x"), Path::new("/etc/x"));
    }

    #[test]
    fn absent_is_not_unreadable() {
        let tree = Tree::new();
        tree.write("/etc/file", b"1234");
        assert_eq!(tree.root().read("/etc/file", 4).unwrap().unwrap(), b"1234");
        assert!(tree.root().read("/etc/none", 4).unwrap().is_none());
        assert!(tree.root().read("/etc/file/below", 4).unwrap().is_none());
        assert_eq!(tree.root().read("/etc/file", 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(tree.root().read("/etc", 3).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_fifo_does_not_hang() {
        let tree = Tree::new();
        tree.directory("/etc");
        let path = tree.root().path("/etc/fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_capped(&path, 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
