//! Files that are replaced as a whole, so that a crash leaves the old content or the new one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
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
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    before(Step::SyncDraft)?;
    file.sync_all()?;
    before(Step::Rename)?;
    fs::rename(&draft, path)?;
    before(Step::SyncFolder)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// The path of the draft: `FILE.new`.
pub(crate) fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}
