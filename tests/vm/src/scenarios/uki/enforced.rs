//! Unified kernel images under Secure Boot: the running kernel judges the kernel in the image, and skexec says so before it is asked.

use std::path::PathBuf;

use anyhow::Result;

use super::super::{Stage, check_loaded};
use super::KEYS;
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::{BASE, Files};
use crate::lab::Firmware;
use crate::machine;
use crate::ukify::Parts;

pub(in crate::scenarios) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let cmdline = machine::cmdline("retain_initrd vm.boot=enforced");
    let unsigned = stage.lab.unsigned(&stage.second)?;
    let initrds = [stage.write("base", &stage.lab.base(&[&stage.second])?)?];
    let ukify = stage.ukify()?;
    let made = |name: &str, sign_kernel: bool| -> Result<PathBuf> {
        let (output, rest) = (stage.path(name), Parts::of(&unsigned, &stage.second.release, &cmdline));
        ukify.image(&Parts { sign_kernel, initrds: &initrds, ..rest }, &output).map(|()| output)
    };
    let mut files = Files::default();
    files.copy("/boot/inside.efi", &made("inside.efi", true)?)?;
    files.copy("/boot/outside.efi", &made("outside.efi", false)?)?;
    files.copy("/boot/vmlinuz.unsigned", &unsigned)?;
    stage.lab.add_keys(&mut files)?;
    let (mut guest, first) = stage.boot(Firmware::SecureBoot, "", files)?;
    checks.equal("the first kernel is locked down", &first.lockdown.as_str(), &"integrity");

    unsigned_inside(&mut guest, checks)?;
    let load = guest.run("skexec load --json /boot/inside.efi")?;
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/method", "file")];
    checks.command("an image whose kernel is signed, too, is loaded by the file method", &load, &expected);
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the kernel of the image came up", &boot.release, &stage.second.release);
    checks.equal("it has the signed command line", &boot.cmdline.trim_end(), &cmdline.as_str());
    checks.equal("it is locked down too", &boot.lockdown.as_str(), &"integrity");
    Ok(())
}

/// The image is trusted, but the running kernel does not take the kernel in it.
fn unsigned_inside(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let verify = guest.run(&format!("skexec verify --json {KEYS} /boot/outside.efi"))?;
    let expected = [Expect::Exit(0), Expect::Json("/0/verdict", "trusted"), Expect::Json("/0/kernel/name", "ENODATA")];
    checks.command("an image with an unsigned kernel is trusted, and the kernel's answer foretold", &verify, &expected);
    let asked = guest.run(&format!("agent file-load /boot/vmlinuz.unsigned --initrd {BASE}"))?;
    checks.command("the kernel says ENODATA", &asked, &[Expect::Json("/name", "ENODATA")]);
    for method in ["auto", "file", "segments"] {
        let load = guest.run(&format!("skexec load --method {method} /boot/outside.efi"))?;
        let advice = if method == "segments" { "lockdown" } else { "ukify --sign-kernel" };
        checks.command(&format!("{method}: it is not loaded"), &load, &[Expect::Exit(5), Expect::Stderr(advice)]);
        check_loaded(&format!("{method}: the kernel holds no image"), false, guest, checks)?;
    }
    Ok(())
}
