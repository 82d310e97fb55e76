//! kexec-tools loads another image after skexec: the kernel's counter reveals it. Then `load --lock` prevents it.

use anyhow::Result;

use super::{Stage, WITH, check_loaded};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::BASE;
use crate::kexec_tools;
use crate::lab::Firmware;

const COUNTER: &str = "cat /proc/sys/kernel/kexec_load_limit_reboot";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    kexec_tools::add(stage.lab, &mut files)?;
    let (mut guest, _) = stage.boot(Firmware::Bios, "", files)?;
    uncounted(&mut guest, checks)?;
    counted(&mut guest, checks)?;
    locked(&mut guest, checks)
}

/// Loads the same kernel by `kexec_load` or `kexec_file_load`, as another program would.
fn foreign_load(call: &str) -> String {
    kexec_tools::command(&format!("{call} -l /boot/vmlinuz --initrd={BASE} --command-line='console=ttyS0'"))
}

fn load(options: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&format!("skexec load /boot/vmlinuz {WITH} {options}"))?;
    checks.command(&format!("skexec loads the kernel {options}"), &done, &[Expect::Exit(0)]);
    Ok(())
}

fn standing(name: &str, wanted: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let json = guest.run("skexec status --json")?;
    checks.command(name, &json, &[Expect::Exit(0), Expect::Json("/reboot/standing", wanted)]);
    Ok(())
}

fn uncounted(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.command("by default the kernel does not count", &guest.run(COUNTER)?, &[Expect::Stdout("-1")]);
    load("", guest, checks)?;
    let status = guest.run("skexec status")?;
    let last = Expect::Stdout("last loaded by skexec: /boot/vmlinuz");
    checks.command("then status does not claim more than it knows", &status, &[Expect::Exit(0), last]);
    standing("nor does its JSON", "unproved", guest, checks)
}

fn counted(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    load("--count-loads", guest, checks)?;
    checks.command("the load is counted", &guest.run(COUNTER)?, &[Expect::Stdout("999999")]);
    standing("the kernel proves the record", "proved", guest, checks)?;
    for call in ["-c", "-s"] {
        let foreign = guest.run(&foreign_load(call))?;
        checks.command(&format!("kexec {call} -l loads another image"), &foreign, &[Expect::Exit(0)]);
        standing("the record is contradicted", "contradicted", guest, checks)?;
        let exec = guest.run("skexec exec --force --json")?;
        let expected = [Expect::Exit(1), Expect::Json("/reason", "record-contradicted")];
        checks.command("skexec does not boot it", &exec, &expected);
        load("", guest, checks)?;
        standing("loaded again, the record is proved again", "proved", guest, checks)?;
    }
    guest.run(&kexec_tools::command("-u"))?;
    let exec = guest.run("skexec exec --force --json")?;
    let expected = [Expect::Exit(1), Expect::Json("/reason", "nothing-loaded")];
    checks.command("what kexec -u has unloaded is not booted", &exec, &expected);
    Ok(())
}

fn locked(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    load("--lock", guest, checks)?;
    let done = guest.run(&foreign_load("-c"))?;
    checks.holds("the kernel refuses kexec -c -l", done.exit != Some(0), &done);
    let done = guest.run(&kexec_tools::command("-u"))?;
    checks.holds("the kernel refuses kexec -u", done.exit != Some(0), &done);
    check_loaded("the kernel still holds the image", true, guest, checks)?;
    standing("the record is proved", "proved", guest, checks)?;
    let again = guest.run(&format!("skexec load --json /boot/vmlinuz {WITH}"))?;
    let expected = [Expect::Exit(5), Expect::Json("/reason", "kexec-disabled")];
    checks.command("skexec does not ask the kernel again", &again, &expected);
    let boot = guest.jump("skexec exec --force")?;
    checks.holds("the locked image boots", boot.by_kexec(), &boot);
    Ok(())
}
