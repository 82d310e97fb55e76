//! Where the add-ons of a UKI lie.

use crate::entries::without_counter;
use crate::reason::{Caution, Finding, Reason, Warning};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The end of an add-on's name; upper and lower case are alike, as on a FAT file system.
const ADDON: &str = ".addon.efi";
/// What else the stub passes to the initrd: credentials and system extensions, which are not signed as a PE is.
const OTHERS: [&str; 2] = [".cred", ".raw"];

/// The content of a folder.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The add-ons, by their names.
    pub(super) addons: Vec<PathBuf>,
    /// A warning for each file that the stub would pass to the initrd.
    pub(super) passed_over: Vec<Warning>,
}

/// The folders with add-ons for the UKI at this path, in the stub's order: that for all UKIs, where the UKI lies in EFI/Linux of an ESP
/// or XBOOTLDR partition; then its own, NAME.efi.extra.d, without the boot counter of NAME.
pub(super) fn of(path: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    // The path may be relative, or lead through a link.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    folders.extend(partition(&real).map(|partition| partition.join("loader/addons")));
    let parent = path.parent().unwrap_or(Path::new(""));
    if let Some(name) = path.file_name().and_then(OsStr::to_str) {
        folders.push(parent.join(format!("{}.extra.d", without_counter(name).0)));
    }
    folders
}

/// The partition, where a file lies in its EFI/Linux.
fn partition(path: &Path) -> Option<&Path> {
    let folder = path.parent().filter(|folder| named(folder, "Linux"))?;
    folder.parent().filter(|above| named(above, "EFI"))?.parent()
}

fn named(folder: &Path, name: &str) -> bool {
    folder.file_name().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a name is that of an add-on.
pub(super) fn is_addon(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(ADDON)
}

/// Lists a folder, which need not exist.
///
/// # Errors
/// `unreadable`.
pub(super) fn list(folder: &Path) -> Result<Listed, Finding> {
    let unreadable = |error: io::Error| Finding::new(Reason::Unreadable, error.to_string()).in_file(folder);
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Listed::default());
        }
        entries => entries.map_err(unreadable)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name();
        // The stub takes ASCII only, and no hidden files.
        names.extend(name.into_string().ok().filter(|name| name.is_ascii() && !name.starts_with('.')));
    }
    names.sort_unstable();
    Ok(sorted(folder, &names))
}

fn sorted(folder: &Path, names: &[String]) -> Listed {
    let mut listed = Listed::default();
    for name in names {
        let path = folder.join(name);
        if path.is_dir() {
            continue;
        }
        if is_addon(name) {
            listed.addons.push(path);
        } else if OTHERS.iter().any(|end| name.to_ascii_lowercase().ends_with(end)) {
            let message =
                format!("{}: systemd-stub would pass this file to the initrd, skexec does not", path.display());
            listed.passed_over.push(Warning::new(Caution::CompanionUnused, message));
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_of_the_stub() {
        let rows: [(&str, &[&str]); 8] = [
            ("/efi/EFI/Linux/a.efi", &["/efi/loader/addons", "/efi/EFI/Linux/a.efi.extra.d"]),
            ("/efi/efi/linux/a+3-1.efi", &["/efi/loader/addons", "/efi/efi/linux/a.efi.extra.d"]),
            ("/boot/a+2.efi", &["/boot/a.efi.extra.d"]),
            ("a+b.efi", &["a+b.efi.extra.d"]),
            ("/boot/a+-1.efi", &["/boot/a+-1.efi.extra.d"]),
            ("/srv/boot/images/a.efi", &["/srv/boot/images/a.efi.extra.d"]),
            ("/efi/EFI/fedora/a.efi", &["/efi/EFI/fedora/a.efi.extra.d"]),
            ("/efi/loader/Linux/a.efi", &["/efi/loader/Linux/a.efi.extra.d"]),
        ];
        for (path, wanted) in rows {
            assert_eq!(of(Path::new(path)), wanted.iter().map(PathBuf::from).collect::<Vec<_>>(), "{path}");
        }
    }

    #[test]
    fn a_link_to_a_uki_leads_to_the_add_ons_of_its_partition() {
        let top = std::env::temp_dir().join(format!("skexec-addons-{}", std::process::id()));
        let (folder, link) = (top.join("EFI/Linux"), top.join("current.efi"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.efi"), "").unwrap();
        std::os::unix::fs::symlink("EFI/Linux/a.efi", &link).unwrap();
        let found = of(&link);
        let wanted = [top.canonicalize().unwrap().join("loader/addons"), top.join("current.efi.extra.d")];
        fs::remove_dir_all(&top).unwrap();
        assert_eq!(found, wanted);
    }
}
