//! A disk like one after an installation: a FAT file system on which the firmware finds shim, shim finds GRUB, and GRUB finds its
//! script, the kernel and the initrd. Shim is signed by Microsoft, GRUB and the kernel by Debian; script and initrd are unsigned.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fetch::Extras;
use crate::tool;

/// The path that firmware tries on a disk without a boot entry.
pub(crate) const LOADER: &str = "EFI/BOOT/BOOTX64.EFI";
/// The path that shim tries, in its own directory.
const GRUB: &str = "EFI/BOOT/grubx64.efi";
/// The path of the script that Debian's signed GRUB reads; it is built into GRUB.
const SCRIPT: &str = "EFI/debian/grub.cfg";
const KERNEL: &str = "vmlinuz";
const INITRD: &str = "initrd";

const SIGNED_SHIM: &str = "usr/lib/shim/shimx64.efi.signed";
const SIGNED_GRUB: &str = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed";

/// The space for the two boot loaders and for the file system's own data.
const ROOM: u64 = 16 << 20;
const SECTOR: u64 = 512;
/// The size from which on FAT32 has enough clusters.
const LEAST: u64 = 64 << 20;
/// More than the space that the end of a file wastes.
const CLUSTER: u64 = 4096;

pub(crate) fn write(disk: &Path, kernel: &Path, initrd: &Path, cmdline: &str, chain: &Extras) -> Result<()> {
    let script = disk.with_extension("grub.cfg");
    fs::write(&script, grub_script(cmdline))?;
    let files = [
        (chain.path(SIGNED_SHIM), LOADER),
        (chain.path(SIGNED_GRUB), GRUB),
        (script, SCRIPT),
        (kernel.to_owned(), KERNEL),
        (initrd.to_owned(), INITRD),
    ];
    fill(disk, &files.map(|(file, place)| (file, place.to_owned())), chain)
}

/// Writes a disk with these files: where each is, and its path on the disk.
pub(crate) fn fill(disk: &Path, files: &[(PathBuf, String)], mtools: &Extras) -> Result<()> {
    let mut size = ROOM;
    for (file, _) in files {
        size += fs::metadata(file).with_context(|| file.display().to_string())?.len().next_multiple_of(CLUSTER);
    }
    let sectors = (size.max(LEAST) / SECTOR).next_multiple_of(2048);
    File::create(disk)?.set_len(sectors * SECTOR)?;
    tool::run(mtools.command("mformat").arg("-i").arg(disk).args(["-F", "-T", &sectors.to_string(), "::"]))?;
    for directory in directories(files) {
        tool::run(mtools.command("mmd").arg("-i").arg(disk).arg(format!("::{directory}")))?;
    }
    for (file, place) in files {
        tool::run(mtools.command("mcopy").arg("-i").arg(disk).arg(file).arg(format!("::{place}")))?;
    }
    Ok(())
}

/// The directories of the files, each after the one above it.
fn directories(files: &[(PathBuf, String)]) -> BTreeSet<String> {
    let parents = |place: &str| {
        place
            .char_indices()
            .filter(|(_, letter)| *letter == '/')
            .map(|(end, _)| place[..end].to_owned())
            .collect::<Vec<_>>()
    };
    files.iter().flat_map(|(_, place)| parents(place)).collect()
}

/// If GRUB may not start the kernel, the machine ends.
fn grub_script(cmdline: &str) -> String {
    format!("linux /{KERNEL} {cmdline}\ninitrd /{INITRD}\nboot\nhalt\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_made_after_the_one_above_it_and_once() {
        let files = ["a/b/x", "a/y", "z"].map(|place| (PathBuf::new(), place.to_owned()));
        assert_eq!(directories(&files).into_iter().collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
