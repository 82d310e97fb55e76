//! Programs that call `kexec`, with skexec under that name: their own words and, where Debian has them, the programs themselves.

pub(super) mod debian;
pub(super) mod kdump;
pub(super) mod scripts;
pub(super) mod selftests;
pub(super) mod words;

use anyhow::{Result, ensure};

use super::Stage;
use crate::guest::Guest;
use crate::initramfs::Files;

/// Where callers look for it: by their PATH, or at one of these two places.
const INSTALL: &str =
    "mkdir -p /sbin /usr/sbin && ln -s /bin/skexec /usr/sbin/kexec && ln -s /usr/sbin/kexec /sbin/kexec";
/// The command line of a second kernel that reports itself.
const CMDLINE: &str = "console=ttyS0 panic=-1 rdinit=/vm/init vm.kexec=1";

/// The kernels of the tests; Debian's key is trusted, as it is where the package is installed.
fn files(stage: &Stage<'_>) -> Result<Files> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    stage.lab.trust_debian(&mut files)?;
    Ok(files)
}

/// Makes skexec the guest's `kexec`.
fn install(guest: &mut Guest) -> Result<()> {
    let done = guest.run(INSTALL)?;
    ensure!(done.exit == Some(0), "skexec cannot be called as kexec: {}", done.stderr);
    Ok(())
}
