//! The kernel's file is overwritten in place after skexec has verified it and before it is loaded. The machine enforces no
//! signatures, so only skexec prevents the new file from being booted.

use anyhow::Result;

use super::layout::Layout;
use super::{Stage, WITH};
use crate::checks::{Checks, Expect};
use crate::fetch::{Choice, Kernel, Series};
use crate::initramfs::BASE;
use crate::lab::Firmware;
use crate::report::Colour;

/// The line that `-v` prints between verification and load, at which the program is held.
const VERIFIED: &str = "skexec: verified";

pub(super) fn by_default(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("", stage, checks)
}

pub(super) fn by_segments(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    Layout::ALL.into_iter().try_for_each(|layout| {
        stage.lab.report.detail(Colour::Plain, &layout.to_string());
        play(&format!("--method segments --layout {layout}"), stage, checks)
    })
}

fn play(method: &str, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    files.copy("/boot/evil", &stage.lab.unsigned(&stage.another()?)?)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;

    let control = guest.run(&format!("agent file-load /boot/evil --initrd {BASE} && agent file-unload"))?;
    checks.command("the kernel would take the other file", &control, &[Expect::Exit(0)]);

    guest.run("cp /boot/vmlinuz /boot/victim")?;
    let load = format!("skexec load -v {method} /boot/victim {WITH}");
    let swapped =
        guest.run(&format!("agent pause-at --line '{VERIFIED}' --meanwhile 'cp /boot/evil /boot/victim' '{load}'"))?;
    let expected = [Expect::Exit(0), Expect::Stdout("held in its write"), Expect::Stderr(VERIFIED)];
    checks.command("held at the moment of verification, and then loaded", &swapped, &expected);
    let replaced = guest.run("cmp /boot/evil /boot/victim")?;
    checks.command("meanwhile the file was replaced", &replaced, &[Expect::Exit(0)]);

    let boot = guest.jump("skexec exec --force")?;
    checks.equal("what was verified is what was booted", &boot.release, &stage.second.release);
    Ok(())
}

impl Stage<'_> {
    /// A kernel that differs from the second one in its release.
    fn another(&self) -> Result<Kernel> {
        let newer = self.lab.kernel(&Choice::Debian(Series::V6_12))?;
        if newer.release != self.second.release {
            return Ok(newer);
        }
        self.lab.kernel(&Choice::Debian(Series::V6_1))
    }
}
