//! A disk as an installer leaves it: a FAT file system on which the firmware finds shim, shim finds GRUB, and GRUB finds its
//! script, the kernel and the initrd. All of them but the last two words are signed, by Microsoft and by Debian.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fetch::Extras;
use crate::tool;

/// Where firmware looks on a disk that it knows nothing of.
const SHIM: &str = "EFI/BOOT/BOOTX64.EFI";
/// Where shim looks: beside itself.
const GRUB: &str = "EFI/BOOT/grubx64.efi";
/// Where Debian's signed GRUB looks, whose first words nobody can change.
const SCRIPT: &str = "EFI/debian/grub.cfg";
const KERNEL: &str = "vmlinuz";
const INITRD: &str = "initrd";

const SIGNED_SHIM: &str = "usr/lib/shim/shimx64.efi.signed";
const SIGNED_GRUB: &str = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed";

/// For the two boot loaders, and what a file system takes for itself.
const ROOM: u64 = 16 << 20;
const SECTOR: u64 = 512;

pub(crate) fn write(disk: &Path, kernel: &Path, initrd: &Path, cmdline: &str, chain: &Extras) -> Result<()> {
    let script = disk.with_extension("grub.cfg");
    fs::write(&script, grub_script(cmdline))?;
    let files: [(PathBuf, &str); 5] = [
        (chain.path(SIGNED_SHIM), SHIM),
        (chain.path(SIGNED_GRUB), GRUB),
        (script, SCRIPT),
        (kernel.to_owned(), KERNEL),
        (initrd.to_owned(), INITRD),
    ];
    let mut size = ROOM;
    for (file, _) in &files {
        size += fs::metadata(file).with_context(|| file.display().to_string())?.len();
    }
    let sectors = (size / SECTOR).next_multiple_of(2048);
    File::create(disk)?.set_len(sectors * SECTOR)?;
    tool::run(chain.command("mformat").arg("-i").arg(disk).args(["-F", "-T", &sectors.to_string(), "::"]))?;
    tool::run(chain.command("mmd").arg("-i").arg(disk).args(["::EFI", "::EFI/BOOT", "::EFI/debian"]))?;
    for (file, place) in &files {
        tool::run(chain.command("mcopy").arg("-i").arg(disk).arg(file).arg(format!("::{place}")))?;
    }
    Ok(())
}

/// A kernel that GRUB must not start ends the machine.
fn grub_script(cmdline: &str) -> String {
    format!("linux /{KERNEL} {cmdline}\ninitrd /{INITRD}\nboot\nhalt\n")
}
