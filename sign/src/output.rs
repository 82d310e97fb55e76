//! Files that are written whole or not at all.

use crate::failure::Failure;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// For files that anybody may read.
pub(crate) const PUBLIC: u32 = 0o644;
/// For private keys.
pub(crate) const PRIVATE: u32 = 0o600;

/// Replaces a file, or makes a new one, by renaming a temporary file beside it. A link is followed, and what it leads to is
/// replaced. After an error nothing is left, and an existing file is what it was.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let target = target(path)?;
    let replaced = temporary(&target, bytes).and_then(|file| {
        match set_mode(&file, mode) {
            // A FAT file system, which an EFI system partition has, gives one mode to all its files.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            other => other?,
        }
        file.persist(&target).map_err(|error| error.error)
    });
    replaced.map(drop).map_err(|error| Failure::file("write", path, &error))
}

/// Makes a file, which must not exist, with exactly this mode.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let created = temporary(path, bytes).and_then(|file| {
        set_mode(&file, mode)?;
        file.persist_noclobber(path).map_err(|error| error.error)
    });
    created.map(drop).map_err(|error| Failure::file("write", path, &error))
}

/// The regular file that a path leads to, or will lead to.
fn target(path: &Path) -> Result<PathBuf, Failure> {
    match fs::canonicalize(path) {
        Ok(target) if target.is_file() => Ok(target),
        Ok(_) => Err(Failure::failed(format!("cannot write {}: it is no regular file", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(Failure::file("write", path, &error)),
    }
}

/// A file beside the target with these bytes on the disk, for its owner alone; it is removed where it is not renamed.
fn temporary(target: &Path, bytes: &[u8]) -> io::Result<NamedTempFile<File>> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // With a function of our own, an error does not name the temporary file.
    let open = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
    let mut file = tempfile::Builder::new().prefix(".skexec-sign-").make_in(directory, open)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn set_mode(file: &NamedTempFile<File>, mode: u32) -> io::Result<()> {
    file.as_file().set_permissions(Permissions::from_mode(mode & 0o7777))
}
