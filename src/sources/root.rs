//! The directory that every read of the system goes below.

use nix::libc;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a file of text in /proc, /sys or /etc holds at most, in bytes; a kernel's configuration is 300 KiB.
const MAX_TEXT: u64 = 4 << 20;

/// Where /etc, /usr/lib, /boot, /sys, /proc and /run are found; tests put their own tree here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(pub PathBuf);

impl Default for Root {
    fn default() -> Self {
        Self(PathBuf::from("/"))
    }
}

impl Root {
    /// The place of an absolute path below this root.
    #[must_use]
    pub fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let path = absolute.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The bytes of a regular file; `None` where there is none of that name.
    ///
    /// # Errors
    /// Whatever else keeps it from being read, see [`read_capped`].
    pub fn read(&self, absolute: &str, max: u64) -> io::Result<Option<Vec<u8>>> {
        present(read_capped(&self.path(absolute), max))
    }

    /// A file of text, for facts that may be unknown: `None` where it is absent or cannot be read.
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

    /// Whether something of that name is there.
    #[must_use]
    pub fn has(&self, absolute: &str) -> bool {
        fs::symlink_metadata(self.path(absolute)).is_ok()
    }

    /// Whom files of trust must belong to: root; below a test's root, whoever owns that.
    #[must_use]
    pub fn owner(&self) -> u32 {
        if self.0 == Path::new("/") { 0 } else { fs::metadata(&self.0).map_or(0, |metadata| metadata.uid()) }
    }
}

/// Absence as `None`: the file, or a directory on the way to it, is not there.
pub(crate) fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file to read. A FIFO does not block and a device is not started: neither is opened at all, and one
/// that took the file's place meanwhile is seen afterwards.
///
/// # Errors
/// The system's, or `InvalidInput` where it is not a regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let irregular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    if !fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular()) }
}

/// All bytes of a regular file, of at most `max` bytes. Files of /proc and /sys do not tell their size, so it is
/// counted while reading.
///
/// # Errors
/// As [`open_regular`], or `FileTooLarge`.
pub(crate) fn read_capped(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_rest(&open_regular(path)?, max)
}

/// What an open file holds, of at most `max` bytes.
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
