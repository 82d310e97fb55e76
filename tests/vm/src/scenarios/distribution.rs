//! What an administrator of a Debian does: installs the package, loads the next kernel, and goes there by a clean shutdown.

use anyhow::Result;
use vm_protocol::Boot;

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::fetch::{Maker, Root, Series};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::root::{Disks, PATIENCE, Start, root_words};

/// What the stopped service says.
const WITNESS: &str = "vm-witness: stopped";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let root = stage.lab.root(Maker::InitramfsTools)?;
    let (first, second) = (release(&root, &stage.first.release)?, release(&root, &stage.second.release)?);
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &stage.lab.package("0.1")?)?;
    let disks = Disks::of(stage.lab, stage.name, &root, files)?;
    let (kernel, initrd) = (root.kernel(&first), root.initrd(&first));
    let start = Start { kernel: &kernel, initrd: &initrd, cmdline: &root_words(), snapshot: false };
    let (mut guest, boot) = disks.boot(stage.lab, stage.name, &start)?;
    checks.equal("Debian's own kernel is up", &boot.release, &first);
    guest.await_console("login:", 0, PATIENCE)?;
    let install = guest.run("dpkg -i /root/skexec.deb")?;
    checks.command("the package is installed", &install, &[Expect::Exit(0)]);
    let load =
        guest.run(&format!("skexec load /boot/vmlinuz-{second} --initrd /boot/initrd.img-{second} --reuse-cmdline"))?;
    checks.command("the installed kernel is loaded", &load, &[Expect::Exit(0)]);
    check_loaded("the kernel holds it", true, &mut guest, checks)?;
    shut_down(&mut guest, &second, checks)?;
    Ok(())
}

/// `skexec exec` up to the second kernel's login prompt.
fn shut_down(guest: &mut Guest, release: &str, checks: &mut Checks) -> Result<Boot> {
    let before = guest.console_size();
    guest.ask("skexec exec")?;
    let boot = guest.await_boot(PATIENCE, "skexec exec")?;
    let console = guest.await_console("login:", before, PATIENCE)?;
    checks.equal("the second kernel is the one that was loaded", &boot.release, &release.to_owned());
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    let at = |text: &str| console.find(text);
    let kernel = at("Linux version");
    checks.holds("services were stopped first", at(WITNESS).is_some_and(|at| Some(at) < kernel), &console);
    checks.holds("and file systems unmounted", at("kexec.target").is_some_and(|at| Some(at) < kernel), &console);
    checks.holds("no file system had to be recovered", !console.contains("recover"), &console);
    checks.holds("the second kernel came to its login prompt", kernel < at("login:"), &console);
    let roots = guest.run("findmnt --noheadings --output SOURCE,FSTYPE,OPTIONS /; cat /proc/cmdline; systemctl is-system-running")?;
    checks.command("its root is the same disk", &roots, &[Expect::Exit(0), Expect::Stdout("ext4")]);
    Ok(boot)
}

/// The image's own kernel of the same series: it may be a later one than the harness's.
fn release(root: &Root, near: &str) -> Result<String> {
    root.release(if near.starts_with("6.12.") { Series::V6_12 } else { Series::V6_1 })
}
