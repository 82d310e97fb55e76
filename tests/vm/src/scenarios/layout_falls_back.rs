//! A layout that does not apply: asked for by name it is refused; otherwise skexec says why not, and the next one boots.

use anyhow::Result;
use vm_protocol::Done;

use super::Stage;
use super::layout::Layout;
use crate::checks::{Checks, Expect, json_at};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{BASE, Files};
use crate::lab::{Firmware, Setup};

const DEBIANS: &str = "/boot/vmlinuz --keys /keys/debian";
const BROKEN: &str = "/boot/vmlinuz.broken --keys /keys/owner";
const ELF: &str = "/boot/vmlinux --signature /boot/vmlinux.p7s --keys /keys/owner";
/// The memory that is left free: enough for the file and the initrd, too little for the unpacked kernel.
const FREE_MIB: u64 = 72;

/// What keeps the kernel from being unpacked by skexec, and what skexec says about it.
const REASONS: [(&str, &str, &str); 3] = [
    (DEBIANS, "mem_encrypt=on", "mem_encrypt=on"),
    // The machine has five levels.
    (DEBIANS, "no5lvl", "levels"),
    (BROKEN, "nokaslr", "table of relocations"),
];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut guest = boot(stage, None)?;
    for (kernel, option, why) in REASONS {
        passed_over(&load("--dry-run", kernel, option, &mut guest)?, why, checks);
        let asked = load("--layout vmlinux", kernel, option, &mut guest)?;
        refused(&format!("{option}: asked for by name"), &asked, why, checks);
    }
    let elf = load("--layout elided", ELF, "", &mut guest)?;
    refused("an ELF file has no layout to choose", &elf, "linked", checks);

    // Without KASLR the kernel does not read its table of relocations.
    passed_over(&load("", BROKEN, "nokaslr", &mut guest)?, "table of relocations", checks);
    boots("a broken table of relocations", stage, &mut guest, checks)?;

    // Here the kernel's first code changes the number of levels, and does it on page tables of skexec's.
    let mut guest = boot(stage, None)?;
    passed_over(&load("", DEBIANS, "no5lvl", &mut guest)?, "levels", checks);
    boots("another number of levels", stage, &mut guest, checks)?;

    let mut guest = boot(stage, Some(512))?;
    let fill = format!(
        "free=$(($(sed -n 's/MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) / 1024 - {FREE_MIB})); \
         dd if=/dev/zero of=/run/full bs=1M count=$((free / 2)) && dd if=/dev/zero of=/tmp/full bs=1M count=$((free / 2))"
    );
    checks.command("memory is filled", &guest.run(&fill)?, &[Expect::Exit(0)]);
    passed_over(&load("", DEBIANS, "", &mut guest)?, "too little memory", checks);
    boots("too little memory", stage, &mut guest, checks)
}

fn boot(stage: &Stage<'_>, memory: Option<u64>) -> Result<Guest> {
    let mut files = Files::default();
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    if memory.is_none() {
        files.copy("/boot/vmlinuz.broken", &stage.lab.without_relocations(&stage.second)?)?;
        let vmlinux = stage.lab.vmlinux(&stage.second)?;
        files.copy("/boot/vmlinux", &vmlinux.elf)?;
        files.copy("/boot/vmlinux.p7s", &vmlinux.signature)?;
    }
    stage.lab.add_keys(&mut files)?;
    let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
    let hardware = Hardware { memory, ..Hardware::default() };
    let (guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    Ok(guest)
}

fn load(options: &str, kernel: &str, append: &str, guest: &mut Guest) -> Result<Done> {
    guest.run(&format!(
        "skexec load --json --method segments {options} {kernel} --initrd {BASE} --reuse-cmdline --append '{append}'"
    ))
}

/// The plan has the next layout, and says why not the first.
fn passed_over(done: &Done, why: &str, checks: &mut Checks) {
    let next = Layout::Elided.to_string();
    checks.command(&format!("{why}: the next layout"), done, &[Expect::Exit(0), Expect::Json("/plan/layout", &next)]);
    let said = json_at(&done.stdout, "/plan/layout_why").unwrap_or_default();
    let named = said.contains(&Layout::Vmlinux.to_string()) && said.contains(why);
    checks.holds(&format!("{why}: it says which layout does not apply and why"), named, &said);
}

fn refused(name: &str, done: &Done, why: &str, checks: &mut Checks) {
    let expected = [Expect::Exit(4), Expect::Json("/reason", "layout"), Expect::Json("/loaded", "false")];
    checks.command(&format!("{name}: refused"), done, &expected);
    let message = json_at(&done.stdout, "/message").unwrap_or_default();
    checks.holds(&format!("{name}: it says why"), message.contains(why), &message);
}

fn boots(name: &str, stage: &Stage<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let boot = guest.jump("skexec exec --force")?;
    checks.equal(&format!("{name}: the next layout boots"), &boot.release, &stage.second.release);
    Ok(())
}
