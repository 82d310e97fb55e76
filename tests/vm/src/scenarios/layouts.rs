//! The same kernel boots by each layout in the same machine, and then says the same about itself and the machine.

mod differences;
mod portrait;

use anyhow::Result;

use self::portrait::Portrait;
use super::Stage;
use super::chain::{self, NEXT};
use super::layout::Layout;
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};

const KERNEL: &str = "/boot/vmlinuz";
const FLAG: &str = "KASLR_FLAG is set";

pub(super) fn with_bios(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(stage, Firmware::Bios, checks)
}

pub(super) fn with_uefi(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(stage, Firmware::Uefi, checks)
}

/// All kernels that are compared were booted by kexec, from a kernel of the same release.
fn play(stage: &Stage<'_>, firmware: Firmware, checks: &mut Checks) -> Result<()> {
    let mut files = Files::default();
    files.copy(KERNEL, &stage.second.image)?;
    stage.lab.add_keys(&mut files)?;
    let setup = Setup::new(stage.name, &stage.first, firmware, "", files);
    let (mut guest, _) = stage.lab.boot(Setup { second: Some(&stage.second), ..setup })?;
    chain::begin(&mut guest)?;

    let classic = next(Layout::Classic, &mut guest, checks)?;
    // Whatever differs between these two, differs from boot to boot.
    next(Layout::Classic, &mut guest, checks)?.compare("classic, again", &classic, checks)?;
    for layout in [Layout::Elided, Layout::Vmlinux] {
        next(layout, &mut guest, checks)?.compare(&layout.to_string(), &classic, checks)?;
    }
    Ok(())
}

/// Boots the next kernel by a layout.
fn next(layout: Layout, guest: &mut Guest, checks: &mut Checks) -> Result<Portrait> {
    chain::pack(guest, checks)?;
    let load = guest.run(&format!(
        "skexec load --json --method segments --layout {layout} {KERNEL} --keys /keys/debian --initrd {NEXT} \
         --reuse-cmdline"
    ))?;
    let name = layout.to_string();
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/layout", &name)];
    checks.command(&format!("{layout}: loaded"), &load, &expected);
    let boot = guest.jump("skexec exec --force")?;
    checks.holds(&format!("{layout}: booted by kexec"), boot.by_kexec(), &boot);
    let portrait = Portrait::of(guest)?;
    checks.holds(&format!("{layout}: {FLAG}"), portrait.bases.kaslr_flag, &portrait.bases);
    Ok(portrait)
}
