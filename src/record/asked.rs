//! By which command an installed kernel was loaded, so that it can be loaded anew after its files have changed.

use nix::sys::statfs::{MSDOS_SUPER_MAGIC, statfs};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A command that loaded a kernel, and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The words of the command, without the program's name.
    pub words: Vec<String>,
    /// It named the kernel by its path: then the kernel does not follow its files. A crash kernel is loaded again when the hardware has
    /// changed.
    #[serde(default)]
    pub by_path: bool,
    /// The working directory, in which paths among the words are to be found; empty where none of them is relative.
    pub folder: String,
    /// The version of the kernel, as far as it was found by one or the entry names one.
    pub release: Option<String>,
    /// The command line that the entry or the system's configuration named, where one did.
    pub options: Option<String>,
    /// The kernel, then the initrds, as they were before they were read: one that changes while it is read, or later, differs from
    /// its stamp.
    pub files: Vec<Stamp>,
    /// What else decides what is loaded: the manifest, signatures, the add-ons of a UKI, files that are added to the initrd. Empty in a
    /// record of an earlier skexec.
    #[serde(default)]
    pub others: Vec<Stamp>,
}

/// What shows that a file was written or replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Where it is.
    pub path: String,
    /// Its size in bytes; nothing, as for all below, where it is not there.
    pub size: Option<u64>,
    /// The device that holds it.
    pub device: Option<u64>,
    /// Its inode; nothing on FAT, where a file gets another number each time it comes into the kernel's memory (linux/fs/fat/inode.c,
    /// `fat_build_inode`).
    pub inode: Option<u64>,
    /// The nanoseconds since 1970 of its last change.
    pub changed: Option<i64>,
}

impl Stamp {
    /// The stamp of a file as it is now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        let changed =
            |metadata: &fs::Metadata| metadata.ctime().checked_mul(1_000_000_000)?.checked_add(metadata.ctime_nsec());
        Self {
            path: path.display().to_string(),
            size: metadata.as_ref().map(fs::Metadata::len),
            device: metadata.as_ref().map(MetadataExt::dev),
            inode: metadata.as_ref().map(MetadataExt::ino).filter(|_| inodes_last(path)),
            changed: metadata.as_ref().and_then(changed),
        }
    }

    /// Whether there is no such file any more. One that cannot be looked at may be there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let absent = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
        fs::metadata(&self.path).is_err_and(|error| absent(error.kind()))
    }
}

/// Whether a file keeps its inode's number as long as it is there.
fn inodes_last(path: &Path) -> bool {
    statfs(path).map_or(true, |status| status.filesystem_type() != MSDOS_SUPER_MAGIC)
}
