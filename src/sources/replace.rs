//! Files that are replaced as a whole, so that a crash leaves the old content or the new one.

use nix::libc;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The steps of a replacement, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes the draft beside the file.
    Write,
    /// Waits until the draft is on the disk.
    SyncDraft,
    /// Gives the draft the name of the file.
    Rename,
    /// Waits until the name is on the disk.
    SyncFolder,
}

/// Gives a file this content and mode.
///
/// # Errors
/// Those of the system. The file has its old content then, or, where only waiting for the disk failed, its new one.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    in_steps(path, content, mode, &mut |_| Ok(()))
}

/// The same; asks `before` each step, and ends there where that fails.
pub(crate) fn in_steps(
    path: &Path,
    content: &[u8],
    mode: u32,
    before: &mut dyn FnMut(Step) -> io::Result<()>,
) -> io::Result<()> {
    let draft = draft_of(path);
    before(Step::Write)?;
    let file = write(&draft, content, mode)?;
    before(Step::SyncDraft)?;
    file.sync_all()?;
    before(Step::Rename)?;
    fs::rename(&draft, path)?;
    before(Step::SyncFolder)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes a draft with this mode, whatever the umask is. What lies in its place goes: a link there, in a folder that others may write to,
/// would lead to another file.
///
/// # Errors
/// Those of the system.
pub(crate) fn begin(draft: &Path, mode: u32) -> io::Result<File> {
    gone(draft)?;
    let mut options = OpenOptions::new();
    let file = options.create_new(true).write(true).mode(mode).custom_flags(libc::O_NOFOLLOW).open(draft)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

/// Writes a draft. One that cannot be written, on a full disk for example, does not stay.
///
/// # Errors
/// Those of the system.
pub(crate) fn write(draft: &Path, content: &[u8], mode: u32) -> io::Result<File> {
    let mut file = begin(draft, mode)?;
    match file.write_all(content) {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = fs::remove_file(draft);
            Err(error)
        }
    }
}

/// Removes a file; that there is none is no error.
///
/// # Errors
/// Those of the system.
pub(crate) fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The path of the draft: `FILE.new`.
pub(crate) fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_draft_that_was_left_is_neither_followed_nor_written_to() {
        let tree = Tree::new();
        let (other, file) = (tree.write("/etc/other", "other"), tree.write("/var/log/file", "old"));
        symlink(&other, draft_of(&file)).unwrap();
        replace(&file, b"new", 0o600).unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::read(&file).unwrap()), (b"other".to_vec(), b"new".to_vec()));
        // A second name of another file.
        fs::hard_link(&other, draft_of(&file)).unwrap();
        replace(&file, b"newer", 0o600).unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::read(&file).unwrap()), (b"other".to_vec(), b"newer".to_vec()));
        // With another mode.
        fs::write(draft_of(&file), "").unwrap();
        fs::set_permissions(draft_of(&file), Permissions::from_mode(0o666)).unwrap();
        replace(&file, b"newest", 0o600).unwrap();
        assert_eq!((mode(&file), mode(&other)), (0o600, 0o644));
        replace(&file, b"newest", 0o666).unwrap();
        assert_eq!(mode(&file), 0o666, "the umask changes nothing");
    }

    #[test]
    fn a_folder_in_the_place_of_the_draft_is_an_error() {
        let tree = Tree::new();
        let file = tree.write("/var/log/file", "old");
        tree.directory("/var/log/file.new");
        assert!(replace(&file, b"new", 0o600).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"old");
    }
}
