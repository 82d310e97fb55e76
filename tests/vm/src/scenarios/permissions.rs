//! A valid kernel that the system does not permit to load: exit code 5 and the reason.

use anyhow::Result;

use super::{Stage, WITH, check_loaded};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::BASE;
use crate::lab::Firmware;

/// Since 6.3.
const LIMIT: &str = "/proc/sys/kernel/kexec_load_limit_reboot";
const DISABLED: &str = "/proc/sys/kernel/kexec_load_disabled";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let (mut guest, _) = stage.boot(Firmware::Bios, "", stage.lab.exhibits(&stage.second)?)?;
    without_the_capability(&mut guest, checks)?;
    beside_another_load(&mut guest, checks)?;
    two_at_once(&mut guest, checks)?;
    // These two settings can only be tightened until the next boot.
    if guest.run(&format!("echo 0 > {LIMIT}"))?.exit == Some(0) {
        refused("the load limit is used up", "load-limit", "", &mut guest, checks)?;
    }
    let disabled = guest.run(&format!("echo 1 > {DISABLED}"))?;
    checks.command("loading can be disabled", &disabled, &[Expect::Exit(0)]);
    refused("loading is disabled", "kexec-disabled", "", &mut guest, checks)
}

fn without_the_capability(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    refused("without CAP_SYS_BOOT", "no-capability", "agent without-sys-boot ", guest, checks)?;
    check_loaded("without CAP_SYS_BOOT: the kernel holds no image", false, guest, checks)?;
    let asked = guest.run(&format!("agent without-sys-boot agent file-load /boot/vmlinuz --initrd {BASE}"))?;
    checks.command("without CAP_SYS_BOOT: the kernel says EPERM", &asked, &[Expect::Json("/name", "EPERM")]);
    Ok(())
}

/// Another program holds the kernel's kexec lock.
fn beside_another_load(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let hold = format!("agent file-load /boot/vmlinuz --initrd {BASE} --hold 60000");
    let load = format!("skexec load --json /boot/vmlinuz {WITH}");
    let done = guest.run(&format!("{hold} > /tmp/held & sleep 1; {load}; code=$?; kill $!; wait; exit $code"))?;
    let expected = [Expect::Exit(5), Expect::Json("/reason", "busy")];
    checks.command("beside another load", &done, &expected);
    Ok(())
}

fn two_at_once(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.run("agent file-unload")?;
    let load = |number: u8| {
        format!("(skexec load --json /boot/vmlinuz {WITH} > /tmp/{number}.json; echo $? > /tmp/{number}.exit) &")
    };
    let done = guest.run(&format!("{} {} wait; sort /tmp/?.exit | xargs; cat /tmp/?.json", load(1), load(2)))?;
    checks.command("two loads at once: one waits for the other", &done, &[Expect::Stdout("0 0\n")]);
    check_loaded("two loads at once: the kernel holds an image", true, guest, checks)?;
    guest.run("skexec unload")?;
    Ok(())
}

fn refused(what: &str, reason: &str, by: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&format!("{by}skexec load --json /boot/vmlinuz {WITH}"))?;
    checks.command(what, &done, &[Expect::Exit(5), Expect::Json("/reason", reason)]);
    Ok(())
}
