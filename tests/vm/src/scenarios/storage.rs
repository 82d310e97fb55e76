//! Disks of a guest, and Debian's programs for them.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::Stage;
use crate::fetch::{Extras, LOADER};
use crate::guest::Guest;
use crate::initramfs::Files;

/// The directory of Debian's programs in the guest.
const HOME: &str = "/storage";

/// The modules, which init loads, and Debian's programs with their libraries.
pub(super) fn files(stage: &Stage<'_>, tools: &Extras, programs: &[&str]) -> Result<Files> {
    let mut files = Files::default();
    for (kernel, series) in [(&stage.first, stage.series.0), (&stage.second, stage.series.1)] {
        for module in fs::read_dir(stage.lab.storage_modules(series)?)? {
            let module = module?;
            let name = module.file_name().to_string_lossy().into_owned();
            files.copy(&format!("/vm/modules/{}/{name}", kernel.release), &module.path())?;
        }
    }
    files.program(&format!("{HOME}/ld.so"), &tools.path(LOADER))?;
    for program in programs {
        files.program(&format!("{HOME}/{program}"), &tools.sbin(program))?;
        for library in tools.needs(program)? {
            let name = library.file_name().context("a library without a name")?.to_string_lossy().into_owned();
            files.copy(&format!("{HOME}/lib/{name}"), &library)?;
        }
    }
    Ok(files)
}

/// A command of the guest that runs such a program.
pub(super) fn program(name: &str, arguments: &str) -> String {
    format!("{HOME}/ld.so --library-path {HOME}/lib {HOME}/{name} {arguments}")
}

/// Gives each disk the number of its namespace: the kernel finds them in any order.
pub(super) fn find_disks(guest: &mut Guest, count: usize) -> Result<()> {
    let done = guest.run(&format!(
        "i=0; until [ $(ls -d /sys/block/nvme0n* | wc -l) = {count} ] || [ $i = 30 ]; do sleep 1; i=$((i + 1)); done; \
         for block in /sys/block/nvme0n*; do ln -sf /dev/${{block##*/}} /dev/disk-$(cat $block/nsid); done; ls /dev/disk-{count}"
    ))?;
    ensure!(done.exit == Some(0), "the disks do not appear: {done:?}");
    Ok(())
}
