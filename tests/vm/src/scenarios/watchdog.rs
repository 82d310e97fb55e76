//! A kernel that hangs is reset by the hardware watchdog that `exec --watchdog` armed, by a clean shutdown and by a forced jump; the kernel
//! that the firmware starts then says so. The machine is a whole Debian, whose disk keeps what is written.

use std::time::Duration;

use anyhow::Result;

use super::distribution::release;
use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect};
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::root::{Disks, Own, PATIENCE};

const DRIVER: &str = "modprobe i6300esb && cat /sys/class/watchdog/watchdog0/identity";
/// Without a root it panics, and stays so: `panic=0`.
const HANGS: &str = "--no-initrd --cmdline 'console=ttyS0 panic=0 root=/dev/none'";
/// The last words of a kernel that hangs.
const HUNG: &str = "end Kernel panic - not syncing";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let root = stage.lab.root(Maker::InitramfsTools)?;
    let own = release(&root, &stage.first.release)?;
    let mut files = Files::default();
    files.copy("/root/skexec.deb", &stage.lab.package()?)?;
    // This initramfs is not booted; a small one is built faster.
    files.add("/etc/initramfs-tools/conf.d/vm", b"MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n");
    let disks = Disks::shared(stage.lab, stage.name, &root, files)?;
    let hardware = Hardware { resets: true, watchdog: true, ..Hardware::default() };
    let system = Own { words: "watchdog.stop_on_reboot=0", hardware, ..Own::new(&root, &own) };
    let (mut guest, _) = disks.boot_own(stage.lab, stage.name, &system)?;
    guest.await_console("login:", 0, PATIENCE)?;
    checks.command("the package is installed", &guest.run("dpkg -i /root/skexec.deb")?, &[Expect::Exit(0)]);
    load(&own, &mut guest, checks)?;
    // udev has loaded the driver.
    let none = guest.run("modprobe -r i6300esb && skexec exec --watchdog 30 --json")?;
    let refused = [Expect::Exit(5), Expect::Json("/reason", "no-watchdog")];
    checks.command("refused without a watchdog", &none, &refused);
    check_loaded("the kernel is still loaded", true, &mut guest, checks)?;
    for (how, what) in [("", "after a clean shutdown"), (" --force", "at once")] {
        hangs(how, what, &mut guest, checks)?;
        load(&own, &mut guest, checks)?;
    }
    Ok(())
}

fn load(own: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = guest.run(&format!("skexec load /boot/vmlinuz-{own} {HANGS}"))?;
    checks.command("a kernel that will hang is loaded", &load, &[Expect::Exit(0)]);
    Ok(())
}

/// Loads the driver, jumps, and waits for the reset.
fn hangs(how: &str, what: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let driver = guest.run(DRIVER)?;
    checks.command("the driver is loaded", &driver, &[Expect::Exit(0), Expect::Stdout("i6300ESB")]);
    let before = guest.console_size();
    guest.ask(&format!("skexec exec --watchdog 30{how}"))?;
    guest.await_console(HUNG, before, PATIENCE)?;
    let boot = guest.await_boot(PATIENCE + Duration::from_secs(60), "the watchdog")?;
    checks.holds(&format!("executed {what}, it hung, and the machine was reset"), !boot.by_kexec(), &boot);
    guest.await_console("login:", before, PATIENCE)?;
    guest.run(DRIVER)?;
    let journal = guest.run("journalctl --sync; journalctl --boot SKEXEC_BOOT=never-came-up --output=cat")?;
    checks.command("the journal has it", &journal, &[Expect::Stdout("the expected kernel never came up")]);
    let status = guest.run("skexec status")?;
    let expected = [Expect::Exit(0), Expect::Stdout("the expected kernel never came up"), Expect::Stdout("watchdog")];
    checks.command("and status says so", &status, &expected);
    let status = guest.run("skexec status --json")?;
    let expected = [Expect::Json("/this_boot/expected/exec/watchdog", "30")];
    checks.command("with the seconds", &status, &expected);
    Ok(())
}
