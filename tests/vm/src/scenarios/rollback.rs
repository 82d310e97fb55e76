//! A version of a manifest that has booted refuses lower ones from then on. The guest's root is an initramfs, in which nothing is
//! kept: skexec runs in a directory that is a root file system of its own, and its state reaches the next kernel as an added file.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Stage;
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::{self, Files};
use crate::lab::Firmware;
use crate::machine;
use crate::sign::{Owner, signature_of};
use crate::tool;

const KEYS: &str = "--keys /keys/owner";
const STATE: &str = "/var/lib/skexec/manifests.json";
/// What a system has, on a file system that is not the initramfs.
const SYSTEM: &str = "mkdir /system && mount -t tmpfs -o mode=755 system /system && \
    cp -a /bin /boot /etc /keys /system/ && mkdir -p /system/var/lib/skexec /system/tmp && \
    for name in proc sys dev run; do mkdir /system/$name && mount --rbind /$name /system/$name || exit 1; done; \
    if [ -e /var/lib/skexec/manifests.json ]; then cp /var/lib/skexec/manifests.json /system/var/lib/skexec/; fi";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let owner = stage.lab.owner_with_new_keys(stage.name)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files(stage, &owner)?)?;
    checks.command("a system is made", &guest.run(SYSTEM)?, &[Expect::Exit(0)]);
    older(&mut guest, None, checks)?;
    let newer = format!("skexec load --json --manifest /boot/7 --initrd /boot/next.img {KEYS}");
    for options in ["", &format!("--inject {STATE}={STATE}")] {
        let load = guest.run(&format!("chroot /system {newer} /boot/vmlinuz {options}"))?;
        checks.command("version 7 is loaded", &load, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    }
    older(&mut guest, None, checks)?;

    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the kernel of the manifest came up", &boot.release, &stage.second.release);
    checks.command("a system is made", &guest.run(SYSTEM)?, &[Expect::Exit(0)]);
    let booted = guest.run("chroot /system skexec booted")?;
    let said = "system: version 7 has booted; lower versions are refused";
    checks.command("this boot is recognised", &booted, &[Expect::Exit(0), Expect::Stdout(said)]);
    let again = guest.run("chroot /system skexec booted")?;
    checks.command("it is recorded once", &again, &[Expect::Exit(0), Expect::Stdout("recorded already")]);
    older(&mut guest, Some("manifest-rollback"), checks)
}

/// A dry run with version 6.
fn older(guest: &mut Guest, refused: Option<&str>, checks: &mut Checks) -> Result<()> {
    let load = format!("skexec load --json --dry-run --manifest /boot/6 --initrd /boot/old.img {KEYS} /boot/vmlinuz");
    let done = guest.run(&format!("chroot /system {load}"))?;
    let (what, exit) = match refused {
        None => ("version 6 is accepted, because no higher one has booted", 0),
        Some(_) => ("version 6 is refused, because version 7 has booted", 3),
    };
    checks.command(what, &done, &[Expect::Exit(exit), Expect::Json("/reason", refused.unwrap_or("null"))]);
    Ok(())
}

/// The kernel, two initrds and a manifest for each; the newer initrd has the older manifest's files.
fn files(stage: &Stage<'_>, owner: &Owner) -> Result<Files> {
    let kernel = stage.path("vmlinuz");
    tool::run(owner.sign("image").arg(stage.lab.unsigned(&stage.second)?).arg("-o").arg(&kernel))?;
    let old = stage.write("old.img", &initramfs::mark("old"))?;
    let six = manifest(stage, owner, &kernel, &old, "6")?;
    let shared = |files: &mut Files| {
        files.copy("/boot/vmlinuz", &kernel)?;
        files.copy("/boot/old.img", &old)?;
        files.copy("/boot/6", &six)?;
        files.copy("/boot/6.p7s", &signature_of(&six))?;
        files.add("/etc/skexec/policy.toml", format!("inject = [\"{STATE}\"]\n").as_bytes());
        files.copy("/keys/owner/ca.pem", &owner.key_file("ca.pem"))
    };
    let mut own = Files::default();
    shared(&mut own)?;
    let next = [stage.lab.base(&[&stage.second])?, own.finish()].concat();
    let next = stage.write("next.img", &next)?;
    let seven = manifest(stage, owner, &kernel, &next, "7")?;
    let mut files = Files::default();
    shared(&mut files)?;
    files.copy("/boot/next.img", &next)?;
    files.copy("/boot/7", &seven)?;
    files.copy("/boot/7.p7s", &signature_of(&seven))?;
    Ok(files)
}

fn manifest(stage: &Stage<'_>, owner: &Owner, kernel: &Path, initrd: &Path, version: &str) -> Result<PathBuf> {
    let output = stage.path(version);
    let mut write = owner.sign("manifest");
    write.arg(kernel).arg("--initrd").arg(initrd).args(["--cmdline", &machine::cmdline("vm.boot=manifest")]);
    tool::run(write.args(["--name", "system", "--boot-version", version, "-o"]).arg(&output))?;
    Ok(output)
}
