//! File systems on disks, made read-only before a jump that unmounts nothing.

use crate::sources::Root;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

const MOUNTS: &str = "/proc/self/mountinfo";
/// The largest table, in bytes: fs.mount-max permits 100,000 mounts, and hosts of containers have thousands.
const MAX_TABLE: u64 = 64 << 20;
const SYSRQ: &str = "/proc/sysrq-trigger";
/// Everything was synced before, so the kernel has little left to write.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Remounts them in the reverse order of their mounting; those in which files are open for writing, by force.
pub(super) fn make_read_only(root: &Root, warn: &mut dyn FnMut(String)) {
    remount_all(root, &mut remount, PATIENCE, warn);
}

fn remount(point: &OsStr) -> nix::Result<()> {
    let none: Option<&str> = None;
    mount(none, point, none, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, none)
}

type Remount<'a> = &'a mut dyn FnMut(&OsStr) -> nix::Result<()>;

fn remount_all(root: &Root, remount: Remount<'_>, patience: Duration, warn: &mut dyn FnMut(String)) {
    let Some(points) = writable(root) else {
        warn("cannot read /proc/self/mountinfo, so no file system was remounted read-only".into());
        return;
    };
    let mut busy = false;
    for point in points.iter().rev() {
        match remount(point) {
            Ok(()) => {}
            Err(Errno::EBUSY) => busy = true,
            Err(errno) => warn(format!("{}: cannot remount it read-only: {errno}", point.display())),
        }
    }
    if !busy {
        return;
    }
    // The kernel makes what is left read-only whoever writes to it, and each file system closes its journal then.
    let forced = force(root);
    let left = if forced.is_ok() { await_read_only(root, patience) } else { writable(root).unwrap_or_default() };
    let why = forced.map_or_else(|error| format!("; {SYSRQ}: {error}"), |()| String::new());
    for point in left {
        warn(format!(
            "{}: files are open for writing, and it is still writable{why}: what was synced is safe, and its journal is replayed when it is \
             mounted again",
            point.display()
        ));
    }
}

/// Has the kernel remount every file system on a disk read-only (SysRq-U), which it does in the background.
fn force(root: &Root) -> io::Result<()> {
    OpenOptions::new().write(true).open(root.path(SYSRQ))?.write_all(b"u")
}

/// Waits until no disk is writable that the kernel can force, and returns those that still are writable then, or when the time is over.
fn await_read_only(root: &Root, patience: Duration) -> Vec<OsString> {
    let start = Instant::now();
    let is_over = || !table(root).is_some_and(|table| lines(&table).any(can_be_forced));
    while !is_over() && start.elapsed() < patience {
        sleep(POLL);
    }
    writable(root).unwrap_or_default()
}

/// Whether a line is that of a writable disk which the kernel remounts by force. It does not reach a file system without a device of its
/// own, such as btrfs, whose major number is 0.
fn can_be_forced(line: &[u8]) -> bool {
    let has_device = fields(line).nth(2).is_some_and(|device| !device.starts_with(b"0:"));
    has_device && writable_disk(line).is_some()
}

fn writable(root: &Root) -> Option<Vec<OsString>> {
    Some(writable_in(&table(root)?))
}

/// The mount points of all file systems on disks that are writable, in a table of mountinfo.
#[must_use]
pub fn writable_in(table: &[u8]) -> Vec<OsString> {
    lines(table).filter_map(writable_disk).collect()
}

/// Bytes, because the name of a mount point may be no text.
fn table(root: &Root) -> Option<Vec<u8>> {
    root.read(MOUNTS, MAX_TABLE).ok()?
}

fn lines(table: &[u8]) -> impl Iterator<Item = &[u8]> {
    table.split(|byte| *byte == b'\n')
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ')
}

/// The mount point of a line of mountinfo (proc(5)) whose file system is on a device and writable.
fn writable_disk(line: &[u8]) -> Option<OsString> {
    let mut fields = fields(line);
    let point = fields.nth(4)?;
    // The mount's own options and any number of tags stand before the hyphen, the type of the file system behind it.
    fields.next()?;
    fields.find(|field| *field == b"-")?;
    let on_device = fields.nth(1)?.starts_with(b"/dev/");
    let writable = fields.next()?.split(|byte| *byte == b',').any(|option| option == b"rw");
    (on_device && writable).then(|| unescape(point))
}

/// Blanks, tabs, line ends and backslashes stand as `\ooo` in mountinfo.
fn unescape(text: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let octal = (*first == b'\\').then(|| after.get(..3)).flatten();
        let code = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;
    use proptest::prelude::*;

    const ONE: &str = "22 1 254:1 / /data rw - ext4 /dev/vda1 rw\n";

    fn machine() -> Tree {
        let tree = Tree::new();
        tree.write(MOUNTS, ONE.as_bytes());
        tree.write(SYSRQ, b"");
        tree
    }

    fn warnings(tree: &Tree, remount: Remount<'_>) -> Vec<String> {
        let mut warnings = vec![];
        remount_all(tree.root(), remount, Duration::from_millis(50), &mut |warning| warnings.push(warning));
        warnings
    }

    #[test]
    fn a_file_system_with_open_files_is_forced() {
        let tree = machine();
        // The kernel did it.
        let mut busy = |point: &OsStr| {
            assert_eq!(point, "/data");
            tree.write(MOUNTS, ONE.replace("rw", "ro").as_bytes());
            Err(Errno::EBUSY)
        };
        assert_eq!(warnings(&tree, &mut busy), [""; 0]);
        assert_eq!(tree.root().text(SYSRQ).unwrap(), "u");
    }

    #[test]
    fn what_stays_writable_is_named() {
        let tree = machine();
        let said = warnings(&tree, &mut |_| Err(Errno::EBUSY));
        assert!(matches!(&said[..], [one] if one.starts_with("/data: files are open for writing")), "{said:?}");
        std::fs::remove_file(tree.root().path(SYSRQ)).unwrap();
        let said = warnings(&tree, &mut |_| Err(Errno::EBUSY));
        assert!(matches!(&said[..], [one] if one.contains("/proc/sysrq-trigger: No such file")), "{said:?}");
    }

    #[test]
    fn what_cannot_be_forced_is_not_waited_for() {
        let tree = machine();
        tree.write(MOUNTS, "22 1 0:30 / /data rw - btrfs /dev/vda1 rw\n");
        let (start, mut said) = (Instant::now(), vec![]);
        remount_all(tree.root(), &mut |_| Err(Errno::EBUSY), PATIENCE, &mut |warning| said.push(warning));
        assert!(start.elapsed() < PATIENCE / 2);
        assert!(matches!(&said[..], [one] if one.starts_with("/data: files are open")), "{said:?}");
    }

    #[test]
    fn nothing_is_forced_without_need() {
        let tree = machine();
        assert_eq!(warnings(&tree, &mut |_| Ok(())), [""; 0]);
        let said = warnings(&tree, &mut |_| Err(Errno::EPERM));
        assert!(matches!(&said[..], [one] if one.starts_with("/data: cannot remount it read-only")), "{said:?}");
        assert_eq!(tree.root().text(SYSRQ).unwrap(), "");
    }

    #[test]
    fn only_writable_disks_are_named() {
        let rows = [
            ("22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro", Some("/")),
            ("23 22 254:2 / /mnt/a\\040b rw - xfs /dev/vda2 rw", Some("/mnt/a b")),
            ("24 22 254:3 / /ro ro - ext4 /dev/vda3 ro", None),
            ("25 22 0:20 / /proc rw - proc proc rw", None),
            ("26 22 0:21 / /run rw shared:5 - tmpfs tmpfs rw,size=10k", None),
            ("damaged", None),
            ("", None),
        ];
        for (line, wanted) in rows {
            assert_eq!(writable_disk(line.as_bytes()), wanted.map(OsString::from), "{line}");
        }
        // Of a stick that a machine with another encoding has named.
        let stick = b"27 22 8:1 / /media/caf\xe9 rw - vfat /dev/sda1 rw";
        assert_eq!(writable_disk(stick), Some(OsString::from_vec(b"/media/caf\xe9".to_vec())));
    }

    /// As the kernel writes it (linux/fs/seq_file.c, `mangle_path`).
    fn escape(point: &[u8]) -> Vec<u8> {
        let escaped = |byte: &u8| match byte {
            b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
            byte => vec![*byte],
        };
        point.iter().flat_map(escaped).collect()
    }

    proptest! {
        #[test]
        fn any_mount_point_is_read(point in prop::collection::vec(1..=u8::MAX, 1..40), tags in "( shared:[0-9]{1,3}){0,3}") {
            let line = [b"22 1 8:1 / ", &escape(&point)[..], b" rw", tags.as_bytes(), b" - ext4 /dev/sda1 rw"].concat();
            prop_assert_eq!(writable_disk(&line), Some(OsString::from_vec(point)));
        }

        #[test]
        fn any_table_is_read(table: Vec<u8>) {
            for line in lines(&table) {
                let _ = (can_be_forced(line), writable_disk(line));
            }
        }
    }
}
