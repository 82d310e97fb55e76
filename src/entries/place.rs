//! Where boot entries are: the ESP and /boot, at the mount points where `bootctl` looks for them. Nothing is mounted.

use crate::reason::{Finding, Reason};
use crate::sources::Root;
use std::path::{Path, PathBuf};

/// A partition or directory that may hold boot entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is: `esp`; `xbootldr` for a partition at /boot that is not the ESP; `boot` for a directory there.
    pub kind: &'static str,
    /// Where it is in this system's tree, such as `/boot`.
    mount: &'static str,
    /// The same, below the root that is used.
    pub(super) path: PathBuf,
}

/// The mount points of the ESP. One at /boot comes last: if there are two file systems, /boot is the XBOOTLDR partition.
const ESP: [&str; 3] = ["/efi", "/boot/efi", "/boot"];
const BOOT: &str = "/boot";

/// The places of this system, the ESP first.
#[must_use]
pub fn places(root: &Root) -> Vec<Place> {
    let mounts = root.text("/proc/self/mountinfo").unwrap_or_default();
    let place = |kind, mount| Place { kind, mount, path: root.path(mount) };
    let esp = ESP.into_iter().find(|point| file_system(&mounts, point).is_some_and(is_esp));
    let boot = match file_system(&mounts, BOOT) {
        _ if esp == Some(BOOT) || !root.path(BOOT).is_dir() => None,
        Some(_) => Some(place("xbootldr", BOOT)),
        None => Some(place("boot", BOOT)),
    };
    esp.map(|mount| place("esp", mount)).into_iter().chain(boot).collect()
}

/// The type of the file system that is mounted there last (proc(5), mountinfo).
fn file_system<'a>(mounts: &'a str, point: &str) -> Option<&'a str> {
    let (_, file_system) = mounts
        .lines()
        .rev()
        .filter_map(|line| line.split_once(" - "))
        .find(|(mount, _)| mount.split(' ').nth(4) == Some(point))?;
    file_system.split(' ').next()
}

/// systemd mounts the ESP when it is first used: until then, autofs is there.
fn is_esp(file_system: &str) -> bool {
    matches!(file_system, "vfat" | "autofs")
}

impl Place {
    /// A file that an entry names, which must be in this place. Links may lead to other files of it.
    ///
    /// # Errors
    /// `unreadable`; `entry-file` for a link that leads out of the place.
    pub(super) fn resolve(&self, relative: &Path) -> Result<PathBuf, Finding> {
        let path = self.path.join(self.without_boot(relative));
        let real = |path: &Path| {
            path.canonicalize().map_err(|error| Finding::new(Reason::Unreadable, error.to_string()).in_file(path))
        };
        if real(&path)?.starts_with(real(&self.path)?) {
            return Ok(path);
        }
        let what = format!("{} is a link that leads out of {}", relative.display(), self.mount);
        Err(Finding::new(Reason::EntryFile, what))
    }

    /// Where /boot is a directory of a larger file system, GRUB's paths start at the root of that file system.
    fn without_boot<'a>(&self, relative: &'a Path) -> &'a Path {
        match relative.strip_prefix("boot") {
            Ok(rest) if self.kind == "boot" && !self.path.join(relative).exists() => rest,
            _ => relative,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    fn kinds(tree: &Tree) -> Vec<(&'static str, &'static str)> {
        places(tree.root()).iter().map(|place| (place.kind, place.mount)).collect()
    }

    #[test]
    fn places_by_what_is_mounted() {
        let line = |point: &str, kind: &str| format!("22 1 254:1 / {point} rw shared:1 - {kind} /dev/vda1 rw\n");
        let rows = [
            (vec![], vec![("boot", "/boot")]),
            (vec![line("/boot", "vfat")], vec![("esp", "/boot")]),
            (vec![line("/boot/efi", "vfat")], vec![("esp", "/boot/efi"), ("boot", "/boot")]),
            (vec![line("/efi", "autofs"), line("/boot", "ext4")], vec![("esp", "/efi"), ("xbootldr", "/boot")]),
            (vec![line("/boot", "vfat"), line("/boot/efi", "vfat")], vec![("esp", "/boot/efi"), ("xbootldr", "/boot")]),
            (vec![line("/boot", "vfat"), line("/boot", "ext4")], vec![("xbootldr", "/boot")]),
            (vec!["damaged\n".into(), "a b - \n".into()], vec![("boot", "/boot")]),
        ];
        let tree = Tree::new();
        assert_eq!(kinds(&tree), []);
        tree.directory("/boot");
        for (lines, wanted) in rows {
            tree.write("/proc/self/mountinfo", lines.concat());
            assert_eq!(kinds(&tree), wanted, "{lines:?}");
        }
    }

    #[test]
    fn no_link_leads_out_of_a_place() {
        let tree = Tree::new();
        tree.write("/boot/a/linux", "");
        tree.write("/etc/shadow", "");
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, tree.root().path(name)).unwrap();
        link("a/linux", "/boot/within");
        link("../etc/shadow", "/boot/out");
        link("../etc", "/boot/folder");
        let place = places(tree.root()).remove(0);
        let resolve = |path: &str| place.resolve(Path::new(path)).map_err(|finding| finding.reason);
        assert_eq!(resolve("within"), Ok(tree.root().path("/boot/within")));
        assert_eq!(resolve("boot/a/linux"), Ok(tree.root().path("/boot/a/linux")));
        assert_eq!(resolve("a/none"), Err(Reason::Unreadable));
        for path in ["out", "folder/shadow"] {
            assert_eq!(resolve(path), Err(Reason::EntryFile), "{path}");
        }
    }
}
