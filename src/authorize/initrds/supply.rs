//! What the initrd of a boot is put together from.

use super::super::binding::Binding;
use super::super::injection::Added;
use super::signature_path;
use crate::reason::Finding;
use crate::trust::Signer;
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// A part of the initrd that is wanted. The kernel unpacks the parts in the order of their list.
#[derive(Debug)]
pub enum Supply<'a> {
    /// A file. If FILE.p7s exists, its signature must be valid and its signer trusted.
    File(PathBuf),
    /// A file that must be the one that a manifest binds at this place. If FILE.p7s exists, its signature must be valid, too.
    Bound(PathBuf, &'a Binding, usize),
    /// Bytes that need no verification here: a part of a file that was verified, or bytes made in memory.
    Bytes {
        /// Where they come from.
        origin: Origin,
        /// The bytes.
        bytes: Cow<'a, [u8]>,
        /// Whose signature covers them; `None` for bytes that nobody signed.
        signer: Option<Signer>,
    },
}

/// Where a part of the initrd comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file of its own.
    File(PathBuf),
    /// A section of a file.
    Section {
        /// The file.
        file: PathBuf,
        /// The name of the section, such as `.initrd`.
        name: &'static str,
    },
    /// An archive of the files that the user adds.
    Added(Vec<Added>),
}

impl Supply<'_> {
    /// Its size in bytes; 0 for a file whose size cannot be read, which cannot be opened either.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File(path) | Self::Bound(path, ..) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Self::Bytes { bytes, .. } => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    /// Whether it is memory of this process already.
    #[must_use]
    pub const fn is_in_memory(&self) -> bool {
        matches!(self, Self::Bytes { .. })
    }

    /// Whether it is a file of which nothing says which bytes it should have.
    #[must_use]
    pub fn is_unclaimed_file(&self) -> bool {
        matches!(self, Self::File(path) if signature_path(path).symlink_metadata().is_err())
    }
}

impl Origin {
    /// The file that it comes from; `None` for bytes that were made in memory.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) | Self::Section { file, .. } => Some(file),
            Self::Added(_) => None,
        }
    }

    /// The files that the user adds, where it is the archive of those.
    #[must_use]
    pub fn added(&self) -> Option<&[Added]> {
        match self {
            Self::Added(files) => Some(files),
            _ => None,
        }
    }

    /// The finding, about the file that it comes from.
    pub(super) fn blame(&self, finding: Finding) -> Finding {
        match self.file() {
            Some(file) => finding.in_file(file),
            None => finding,
        }
    }

    /// The same, with another path of the file.
    #[must_use]
    pub fn with_path(&self, path: impl FnOnce(&Path) -> PathBuf) -> Self {
        match self {
            Self::File(file) => Self::File(path(file)),
            Self::Section { file, name } => Self::Section { file: path(file), name },
            Self::Added(_) => self.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Section { file, name } => write!(f, "{} ({name})", file.display()),
            Self::Added(files) => {
                let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
                write!(f, "{} (added)", paths.join(", "))
            }
        }
    }
}
