//! `lockdown=integrity` on a machine without Secure Boot: the kernel enforces signatures, but has no key that signs kernels. It refuses
//! Debian's own kernel, and skexec must report this before the call.

use anyhow::Result;

use super::{Stage, WITH, check_loaded};
use crate::checks::{Checks, Expect};
use crate::initramfs::BASE;
use crate::lab::Firmware;

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let files = stage.lab.exhibits(&stage.second)?;
    let (mut guest, first) = stage.boot(Firmware::Bios, "lockdown=integrity", files)?;
    checks.equal("the kernel is locked down", &first.lockdown.as_str(), &"integrity");
    let asked = guest.run(&format!("agent file-load /boot/vmlinuz --initrd {BASE}"))?;
    checks.command("the kernel refuses Debian's kernel: EPERM", &asked, &[Expect::Json("/name", "EPERM")]);
    let load = guest.run(&format!("skexec load --json /boot/vmlinuz {WITH}"))?;
    checks.command(
        "skexec: the system does not permit it",
        &load,
        &[Expect::Exit(5), Expect::Json("/loaded", "false")],
    );
    check_loaded("the kernel holds no image", false, &mut guest, checks)
}
