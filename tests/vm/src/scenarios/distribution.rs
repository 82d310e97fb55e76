//! The steps of an administrator on Debian: install the package, load the next kernel, and boot it by a clean shutdown.

use anyhow::Result;

use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::fetch::{LABEL, Maker, Root, Series};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::root::{Disks, Own, PATIENCE};

/// The line that the stopped service prints.
const WITNESS: &str = "vm-witness: stopped";
const FLIP: &str =
    "cp /boot/vmlinuz-$R /root/flipped && printf '\\252\\125' | dd of=/root/flipped bs=1 seek=4000000 conv=notrunc";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let root = stage.lab.root(Maker::InitramfsTools)?;
    let (first, second) = (release(&root, &stage.first.release)?, release(&root, &stage.second.release)?);
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &stage.lab.package()?)?;
    files.add("/etc/initramfs-tools/conf.d/vm", b"COMPRESS=zstd\nCOMPRESSLEVEL=1\n");
    let disks = Disks::shared(stage.lab, stage.name, &root, files)?;
    let (mut guest, boot) = disks.boot_own(stage.lab, stage.name, &Own::new(&root, &first))?;
    checks.equal("Debian's own kernel is up", &boot.release, &first);
    guest.await_console("login:", 0, PATIENCE)?;
    let install = guest.run("dpkg -i /root/skexec.deb")?;
    checks.command("the package is installed", &install, &[Expect::Exit(0)]);
    let with = format!("--initrd /boot/initrd.img-{second} --reuse-cmdline --append vm.test={}", stage.name);
    let load = guest.run(&format!("skexec load /boot/vmlinuz-{second} {with}"))?;
    checks.command("the installed kernel is loaded", &load, &[Expect::Exit(0)]);
    refused(&mut guest, &second, &with, checks)?;
    shut_down(stage, &mut guest, &second, checks)
}

/// A refusal before the call keeps the loaded kernel, and the journal has the same text as the terminal.
fn refused(guest: &mut Guest, release: &str, with: &str, checks: &mut Checks) -> Result<()> {
    guest.run(&format!("R={release}; {FLIP}"))?;
    let load = format!("skexec load /root/flipped {with}");
    let said = guest.run(&load)?;
    let reason = Expect::Stderr("(digest-mismatch)");
    checks.command("a changed kernel is refused", &said, &[Expect::Exit(3), reason]);
    check_loaded("what was loaded before is kept", true, guest, checks)?;
    let status = guest.run("skexec status")?;
    let kept = format!("/boot/vmlinuz-{release}");
    checks.command("and skexec knows it", &status, &[Expect::Exit(0), Expect::Stdout(&kept)]);

    let line = said.stderr.lines().next().unwrap_or_default().trim_start_matches("skexec: ");
    let journal = guest.run("journalctl --sync; journalctl --identifier=skexec --output=cat")?.stdout;
    checks.holds("the journal has the terminal's words", journal.matches(line).count() == 1, &(line, &journal));
    let service = guest.run(&format!("systemd-run --quiet --unit=vm-load --wait {load}"))?;
    checks.command("a service is refused it, too", &service, &[Expect::Exit(3)]);
    let journal = guest.run("journalctl --sync; journalctl --unit=vm-load --output=cat")?.stdout;
    checks.holds("whose journal has them once", journal.matches(line).count() == 1, &(line, &journal));
    Ok(())
}

/// `skexec exec` up to the second kernel's login prompt.
fn shut_down(stage: &Stage<'_>, guest: &mut Guest, release: &str, checks: &mut Checks) -> Result<()> {
    let before = guest.console_size();
    guest.ask("skexec exec")?;
    let boot = guest.await_boot(PATIENCE, "skexec exec")?;
    let console = guest.await_console("login:", before, PATIENCE)?;
    checks.equal("the second kernel is the one that was loaded", &boot.release, &release.to_owned());
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    let mark = format!("vm.test={}", stage.name);
    checks.holds("it has the command line that was asked for", boot.cmdline.contains(&mark), &boot);

    stopped_in_turn(&console, checks);
    let root = guest.run("findmnt --noheadings --output LABEL,FSTYPE,OPTIONS /")?;
    let writable = [Expect::Exit(0), Expect::Stdout(LABEL), Expect::Stdout("rw,")];
    checks.command("the same root is mounted", &root, &writable);
    let running = guest.run("systemctl is-system-running --wait")?;
    checks.command("and everything in it runs", &running, &[Expect::Stdout("running")]);
    let journal = guest.run("journalctl --boot=-1 --identifier=skexec --output=cat")?;
    let said = [Expect::Exit(0), Expect::Stdout("asking logind to reboot into the loaded kernel")];
    checks.command("what skexec said is in the last boot's journal", &journal, &said);
    let status = guest.run("skexec status --json")?;
    let expected =
        [Expect::Json("/this_boot/outcome", "expected"), Expect::Json("/this_boot/expected/exec/clean", "true")];
    checks.command("it knows who booted it", &status, &expected);
    let fields = guest.run("journalctl --boot SKEXEC_BOOT=expected --output=json")?;
    let said = [Expect::Exit(0), Expect::Stdout("s after exec"), Expect::Stdout("SKEXEC_KERNEL_SHA256")];
    checks.command("and its journal, too", &fields, &said);
    check_loaded("the second kernel holds no image", false, guest, checks)
}

/// Checks in the console's text that the machine was shut down before the second kernel was booted.
pub(super) fn stopped_in_turn(console: &str, checks: &mut Checks) {
    let in_turn = [
        "Stopped target",
        WITNESS,
        "All filesystems unmounted",
        "kexec_core: Starting new kernel",
        "Linux version",
        "login:",
    ];
    let places: Vec<_> = in_turn.iter().map(|text| console.find(text)).collect();
    let in_order = places.iter().all(Option::is_some) && places.is_sorted();
    checks.holds("services were stopped, file systems unmounted, then it was booted", in_order, &(&places, console));
    checks.holds("no file system had to be recovered", !console.contains("recover"), &console);
}

/// The kernel of this series in the image, which may be newer than the harness's.
pub(super) fn release(root: &Root, near: &str) -> Result<String> {
    root.release(if near.starts_with("6.12.") { Series::V6_12 } else { Series::V6_1 })
}
