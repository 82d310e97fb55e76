//! Files that are written whole or not at all.

use crate::failure::Failure;
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
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
    let file = temporary(&target, bytes, mode)?;
    file.persist(&target).map_err(|error| Failure::file("write", path, &error.error))?;
    Ok(())
}

/// Makes a file, which must not exist.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let file = temporary(path, bytes, mode)?;
    file.persist_noclobber(path).map_err(|error| Failure::file("write", path, &error.error))?;
    Ok(())
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

/// A file beside the target with these bytes on the disk; it is removed where it is not renamed.
fn temporary(target: &Path, bytes: &[u8], mode: u32) -> Result<NamedTempFile, Failure> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = || {
        let mut file = tempfile::Builder::new().prefix(".skexec-sign-").tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(Permissions::from_mode(mode & 0o7777))?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    written().map_err(|error| Failure::file("write", target, &error))
}
