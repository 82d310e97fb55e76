//! The steps of an administrator: status, load, status, unload, load again, exec.

use anyhow::Result;

use super::{Stage, WITH, check_loaded};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::{self, BASE};
use crate::lab::Firmware;

const RECORD: &str = "/run/skexec/loaded.json";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    for name in ["first", "second"] {
        // One byte too long: without padding between them, the kernel would not find the next archive.
        let unaligned = [initramfs::mark(name), vec![0]].concat();
        files.add(&format!("/boot/{name}.cpio"), &unaligned);
    }
    let (mut guest, _) = stage.boot(Firmware::Bios, "vm.first", files)?;
    nothing_loaded(&mut guest, checks)?;
    not_loaded_by_a_dry_run(&mut guest, checks)?;
    loaded_and_unloaded(&mut guest, checks)?;
    foreign(&mut guest, checks)?;

    let initrds = format!("--initrd /boot/first.cpio --initrd /boot/second.cpio --initrd {BASE}");
    let cmdline = "--reuse-cmdline --cmdline-remove vm.first --append vm.a=1 --append 'vm.b=\"2 3\"'";
    let load = guest.run(&format!("skexec load /boot/vmlinuz --keys /keys/debian {initrds} {cmdline}"))?;
    checks.command("three initrds are loaded", &load, &[Expect::Exit(0)]);
    let boot = guest.jump("skexec exec --force")?;
    checks.holds("the second kernel was booted by kexec", boot.by_kexec(), &boot);
    checks.equal("it is the one that was loaded", &boot.release, &stage.second.release);
    checks.equal("it found the files of all initrds", &boot.marks, &vec!["first".to_owned(), "second".to_owned()]);
    let cmdline = &boot.cmdline;
    checks.holds("its command line is the first kernel's", cmdline.starts_with("console=ttyS0 panic=-1"), &boot);
    checks.holds("it lacks what was removed", !cmdline.contains("vm.first"), &boot);
    checks.holds("it ends with what was added", cmdline.trim_end().ends_with("vm.a=1 vm.b=\"2 3\""), &boot);
    Ok(())
}

fn nothing_loaded(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.command("status of an idle machine", &guest.run("skexec status")?, &[Expect::Exit(0)]);
    let exec = guest.run("skexec exec --force --json")?;
    let expected = [Expect::Exit(1), Expect::Json("/reason", "nothing-loaded")];
    checks.command("nothing is loaded, and nothing is booted", &exec, &expected);
    Ok(())
}

fn not_loaded_by_a_dry_run(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = "skexec load /boot/vmlinuz --keys /keys/debian --no-initrd --no-cmdline --dry-run --json";
    checks.command("a dry run", &guest.run(load)?, &[Expect::Exit(0), Expect::Json("/verdict", "trusted")]);
    check_loaded("a dry run loads nothing", false, guest, checks)?;
    let load = guest.run("skexec load /boot/vmlinuz --keys /keys/debian")?;
    checks.command("neither initrd nor command line is chosen", &load, &[Expect::Exit(2)]);
    Ok(())
}

fn loaded_and_unloaded(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = guest.run(&format!("skexec load --json /boot/vmlinuz {WITH}"))?;
    let expected = [Expect::Exit(0), Expect::Json("/verdict", "trusted"), Expect::Json("/loaded", "true")];
    checks.command("load", &load, &expected);
    check_loaded("the kernel holds an image", true, guest, checks)?;
    let record = guest.run(&format!("cat {RECORD}"))?;
    checks.command("the record names the kernel's file", &record, &[Expect::Exit(0), Expect::Stdout("/boot/vmlinuz")]);
    let status = guest.run("skexec status")?;
    checks.command("status names the kernel's file", &status, &[Expect::Exit(0), Expect::Stdout("/boot/vmlinuz")]);
    checks.command("unload", &guest.run("skexec unload")?, &[Expect::Exit(0)]);
    check_loaded("the kernel holds no image", false, guest, checks)?;
    checks.command("the record is gone", &guest.run(&format!("test ! -e {RECORD}"))?, &[Expect::Exit(0)]);
    Ok(())
}

/// An image that another program loaded.
fn foreign(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run(&format!("agent file-load /boot/vmlinuz --initrd {BASE}"))?;
    let exec = guest.run("skexec exec --force --json")?;
    checks.command(
        "a foreign image is not booted",
        &exec,
        &[Expect::Exit(1), Expect::Json("/reason", "foreign-image")],
    );
    checks.command("but unloaded when asked", &guest.run("skexec unload")?, &[Expect::Exit(0)]);
    check_loaded("then the kernel holds no image", false, guest, checks)
}
