//! A disk like one after an installation: a FAT file system on which the firmware finds shim, shim finds GRUB, and GRUB finds its
//! script, the kernel and the initrd. Shim is signed by Microsoft, GRUB and the kernel by Debian; script and initrd are unsigned.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fetch::Extras;
use crate::tool;

/// The path that firmware tries on a disk without a boot entry.
const SHIM: &str = "EFI/BOOT/BOOTX64.EFI";
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

/// If GRUB may not start the kernel, the machine ends.
fn grub_script(cmdline: &str) -> String {
    format!("linux /{KERNEL} {cmdline}\ninitrd /{INITRD}\nboot\nhalt\n")
}
