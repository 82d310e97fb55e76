//! A disk from which a BIOS starts Linux: first GRUB, then kernel and initrd, which GRUB finds by their sectors. There is no file
//! system, so nothing needs to be mounted.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::fetch::Extras;
use crate::tool;

const SECTOR: u64 = 512;
/// The first sector of the kernel; GRUB's own image is before it.
const FIRST_FILE: u64 = 2048;
const GRUB: &str = "usr/lib/grub/i386-pc";

/// A range of consecutive sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    start: u64,
    count: u64,
}

impl Extent {
    fn of(length: usize, start: u64) -> Result<Self> {
        Ok(Self { start, count: u64::try_from(length)?.div_ceil(SECTOR) })
    }

    /// GRUB's notation for the sectors, in place of a file name.
    fn block_list(self) -> String {
        format!("(hd0){}+{}", self.start, self.count)
    }
}

pub(crate) fn write(disk: &Path, kernel: &[u8], initrd: &[u8], cmdline: &str, grub: &Extras) -> Result<()> {
    let kernel_at = Extent::of(kernel.len(), FIRST_FILE)?;
    let initrd_at = Extent::of(initrd.len(), kernel_at.start + kernel_at.count)?;
    let script = format!("linux {} {cmdline}\ninitrd {}\nboot\n", kernel_at.block_list(), initrd_at.block_list());
    let core = core_image(disk, &script, grub)?;
    ensure!(SECTOR + u64::try_from(core.len())? <= FIRST_FILE * SECTOR, "GRUB's image reaches into the kernel");

    let mut file = File::create(disk).with_context(|| disk.display().to_string())?;
    // The first sector loads the second, and the second knows that the rest of GRUB follows it.
    file.write_all(&fs::read(grub.path(GRUB).join("boot.img"))?)?;
    file.write_all(&core)?;
    for (extent, bytes) in [(kernel_at, kernel), (initrd_at, initrd)] {
        file.seek(SeekFrom::Start(extent.start * SECTOR))?;
        file.write_all(bytes)?;
    }
    // Whole sectors, and some space after them.
    file.set_len((initrd_at.start + initrd_at.count).next_multiple_of(FIRST_FILE) * SECTOR)?;
    Ok(())
}

/// GRUB with the modules that the script needs.
fn core_image(beside: &Path, script: &str, grub: &Extras) -> Result<Vec<u8>> {
    let (early, core) = (beside.with_extension("grub.cfg"), beside.with_extension("grub.img"));
    fs::write(&early, script)?;
    let mut mkimage = grub.command("grub-mkimage");
    mkimage.args(["-O", "i386-pc", "-p", "/", "-d"]).arg(grub.path(GRUB));
    mkimage.arg("-c").arg(&early).arg("-o").arg(&core).args(["biosdisk", "linux"]);
    tool::run(&mut mkimage)?;
    Ok(fs::read(core)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_sector_is_a_sector() {
        let extents = [0, 1, 512, 513].map(|length| Extent::of(length, 7).expect("small").count);
        assert_eq!(extents, [0, 1, 1, 2]);
        assert_eq!(Extent { start: 2048, count: 3 }.block_list(), "(hd0)2048+3");
    }
}
