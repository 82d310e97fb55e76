//! File systems on disks, made read-only before a jump that unmounts nothing.

use crate::sources::Root;
use nix::mount::{MsFlags, mount};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Remounts them in the reverse order of their mounting.
pub(super) fn make_read_only(root: &Root, warn: &mut dyn FnMut(String)) {
    let Some(table) = root.text("/proc/self/mountinfo") else {
        warn("cannot read /proc/self/mountinfo, so no file system was remounted read-only".into());
        return;
    };
    for point in table.lines().rev().filter_map(writable_disk) {
        let none: Option<&str> = None;
        if let Err(errno) = mount(none, point.as_os_str(), none, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, none) {
            warn(format!("{}: cannot remount it read-only: {errno}", point.display()));
        }
    }
}

/// The mount point of a line of mountinfo (proc(5)) whose file system is on a device and writable.
fn writable_disk(line: &str) -> Option<OsString> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut of_super = file_system.split(' ').skip(1);
    let on_device = of_super.next()?.starts_with("/dev/");
    let writable = of_super.next()?.split(',').any(|option| option == "rw");
    let point = mount.split(' ').nth(4)?;
    (on_device && writable).then(|| unescape(point))
}

/// Blanks, tabs, line ends and backslashes stand as `\ooo` in mountinfo.
fn unescape(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
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
            assert_eq!(writable_disk(line), wanted.map(OsString::from), "{line}");
        }
    }
}
