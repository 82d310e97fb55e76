//! Kernels that boot each other: each hands over an initrd that is made of all its files.

use anyhow::{Context, Result};

use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::BASE;

/// The next kernel's initrd.
pub(super) const NEXT: &str = "/run/next.cpio";

/// Removes the initrd for a second kernel that boots no other: it would be packed into each next one again.
pub(super) fn begin(guest: &mut Guest) -> Result<()> {
    guest.run(&format!("rm {BASE}"))?;
    Ok(())
}

/// Makes [`NEXT`], and returns its SHA-256.
pub(super) fn pack(guest: &mut Guest, checks: &mut Checks) -> Result<String> {
    let pack = guest.run(&format!("cd / && find . -xdev | cpio -o -H newc >{NEXT} && sha256sum {NEXT}"))?;
    checks.command("an initrd is made of all files", &pack, &[Expect::Exit(0)]);
    Ok(pack.stdout.split_whitespace().next().context("no digest")?.to_owned())
}
