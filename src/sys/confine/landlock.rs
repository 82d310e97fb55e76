//! Landlock (landlock(7)): which files may be written, run or removed. All files can still be read, as far as their modes permit it.

use nix::errno::Errno;
use nix::libc;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Rights of include/uapi/linux/landlock.h that are given up.
mod right {
    use nix::libc::c_long;

    pub(super) const WRITE_FILE: u64 = 1 << 1;
    const READ_FILE: u64 = 1 << 2;
    const READ_DIR: u64 = 1 << 3;
    pub(super) const REMOVE_FILE: u64 = 1 << 5;
    pub(super) const MAKE_REG: u64 = 1 << 8;
    /// Since the third version.
    pub(super) const TRUNCATE: u64 = 1 << 14;
    const READ: u64 = READ_FILE | READ_DIR;
    /// To run, change, make, remove, link, and to control devices, as far as each version knows of it.
    pub(super) const fn to_files(version: c_long) -> u64 {
        (match version {
            1 => (1 << 13) - 1,
            2 => (1 << 14) - 1,
            3 | 4 => (1 << 15) - 1,
            _ => (1 << 16) - 1,
        }) & !READ
    }
    /// To bind and connect TCP sockets.
    pub(super) const fn to_net(version: c_long) -> u64 {
        if version < 4 { 0 } else { 3 }
    }
    /// To connect to abstract sockets of others, and to send them signals.
    pub(super) const fn to_others(version: c_long) -> u64 {
        if version < 6 { 0 } else { 3 }
    }
}

/// `struct landlock_ruleset_attr`. An older kernel wants the members that it does not know to be zero.
#[repr(C)]
struct Ruleset {
    files: u64,
    net: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    parent: i32,
}

/// LANDLOCK_RULE_PATH_BENEATH.
const PATH_BENEATH: u32 = 1;
/// LANDLOCK_CREATE_RULESET_VERSION.
const VERSION: u32 = 1;

/// Restricts this thread, and those that it starts, to write below these folders and to these files. A folder that is missing is made,
/// because a rule is about one that is there.
pub(super) fn restrict(folders: &[(PathBuf, u32)], files: &[PathBuf]) -> io::Result<()> {
    // SAFETY: with this flag the kernel reads no attribute.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0usize, 0usize, VERSION) };
    let version = Errno::result(version)?;
    let handled = right::to_files(version);
    let attribute = Ruleset { files: handled, net: right::to_net(version), scoped: right::to_others(version) };
    let size = size_of::<Ruleset>();
    // SAFETY: pointer and size are those of one structure, which outlives the call.
    let made = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attribute, size, 0u32) };
    let made = RawFd::try_from(Errno::result(made)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for this call.
    let ruleset = unsafe { OwnedFd::from_raw_fd(made) };
    for (folder, mode) in folders {
        // It may be there; or where it cannot be made, a command that needs it will say so.
        let _ = DirBuilder::new().recursive(true).mode(*mode).create(folder);
        let rights = right::WRITE_FILE | right::REMOVE_FILE | right::MAKE_REG | right::TRUNCATE;
        permit(&ruleset, folder, rights & handled)?;
    }
    for file in files {
        permit(&ruleset, file, (right::WRITE_FILE | right::TRUNCATE) & handled)?;
    }
    // SAFETY: the call takes numbers only.
    let answer = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0u32) };
    Ok(Errno::result(answer).map(drop)?)
}

/// What is not there is not permitted.
fn permit(ruleset: &OwnedFd, path: &Path, allowed: u64) -> io::Result<()> {
    let Ok(file) = open(path) else { return Ok(()) };
    let rule = Beneath { allowed, parent: file.as_raw_fd() };
    // SAFETY: the kernel reads one structure, which outlives the call, as does the descriptor in it.
    let answer =
        unsafe { libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), PATH_BENEATH, &raw const rule, 0u32) };
    Ok(Errno::result(answer).map(drop)?)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path)
}
