//! The kernel that comes up says who booted it: by the mark in memory alone, by the note on the disk alone, by both. After the firmware
//! started another one in its place, it says that the expected kernel never came up.
//!
//! The guest's root is an initramfs, in which nothing is kept: skexec runs in a directory that is a root file system of its own. A hook
//! writes skexec's note to the console just before the jump, and the harness carries it to the next boot, as a disk would.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{Stage, WITH};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::lab::{Firmware, Setup};

const NOTE: &str = "/var/lib/skexec/next.json";
const HOOK: &str = "#!/bin/sh\n{ echo NOTE-BEGINS; cat /var/lib/skexec/next.json; echo NOTE-ENDS; } >/dev/ttyS0\n";
const SYSTEM: &str = "chmod 755 /run && mkdir /system && mount -t tmpfs -o mode=755 system /system && \
    for name in bin boot etc keys; do [ ! -e /$name ] || cp -a /$name /system/ || exit 1; done; \
    mkdir -p /system/var/lib/skexec /system/tmp && \
    for name in proc sys dev run; do mkdir /system/$name && mount --rbind /$name /system/$name || exit 1; done";
const JUMP: &str = "chroot /system skexec exec --force";
const STATUS: &str = "chroot /system skexec status";

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    files.script("/etc/skexec/pre-exec.d/note", HOOK);
    let hardware = Hardware { resets: true, ..Hardware::default() };
    let setup = Setup { hardware, ..Setup::new(stage.name, &stage.first, Firmware::Bios, "", files) };
    let (mut guest, _) = stage.lab.boot(setup)?;
    let nothing = guest.run("skexec status --json")?;
    checks.command("a boot that skexec has nothing to do with", &nothing, &[Expect::Json("/this_boot", "null")]);
    by_firmware(stage, &mut guest, checks)?;
    by_memory(stage, &mut guest, checks)?;
    reset("echo b >/proc/sysrq-trigger", stage, &mut guest, checks)?;
    by_the_note(stage, &mut guest, checks)
}

/// The first kernel boots the second by segments.
fn by_memory(stage: &Stage<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    load(guest, "--method segments", checks)?;
    let note = jump(guest, JUMP)?;
    let from = format!("booted from {} with the kernel that skexec loaded", stage.first.release);
    let alone = guest.run("skexec status")?;
    checks.command(
        "the mark in memory alone says from which kernel",
        &alone,
        &[Expect::Exit(0), Expect::Stdout(&from)],
    );
    let alone = guest.run("skexec status --json")?;
    let release = stage.first.release.as_str();
    let expected = [
        Expect::Json("/this_boot/outcome", "expected"),
        Expect::Json("/this_boot/proof", "memory"),
        Expect::Json("/this_boot/expected/from", release),
        Expect::Json("/this_boot/expected/image/kernel", "/boot/vmlinuz"),
        Expect::Json("/this_boot/after_exec_ms", "null"),
    ];
    checks.command("and with which kernel", &alone, &expected);
    system(guest, Some(&note), checks)?;
    recognised(guest, release, "memory", checks)
}

/// The first kernel boots the second by `kexec_file_load`, which passes no mark on.
fn by_the_note(stage: &Stage<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    load(guest, "--method file", checks)?;
    let note = jump(guest, JUMP)?;
    let nothing = guest.run("skexec status --json")?;
    checks.command("without the note it knows nothing", &nothing, &[Expect::Json("/this_boot", "null")]);
    system(guest, Some(&note), checks)?;
    recognised(guest, &stage.first.release, "facts", checks)
}

/// The kernel finds no root, panics, and resets the machine.
fn by_firmware(stage: &Stage<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    system(guest, None, checks)?;
    let load =
        "skexec load /boot/vmlinuz --keys /keys/debian --no-initrd --cmdline 'console=ttyS0 panic=-1 root=/dev/none'";
    checks.command("a kernel without a root is loaded", &guest.run(&chroot(load))?, &[Expect::Exit(0)]);
    let before = guest.console_size();
    reset(JUMP, stage, guest, checks)?;
    let note = note(guest, before)?;
    system(guest, Some(&note), checks)?;
    let status = guest.run(STATUS)?;
    let (never, why) =
        ("the expected kernel never came up: /boot/vmlinuz", "nothing on this machine shows what ended it");
    let expected = [Expect::Exit(0), Expect::Stdout(never), Expect::Stdout("s after exec"), Expect::Stdout(why)];
    checks.command("status says that the kernel never came up", &status, &expected);
    let settled = guest.run("chroot /system skexec booted --started")?;
    checks.command("it is recorded", &settled, &[Expect::Exit(0), Expect::Stdout(never)]);
    let gone = guest.run(&format!("test ! -e /system{NOTE} && test -e /run/skexec/arrival.json"))?;
    checks.command("and no longer expected", &gone, &[Expect::Exit(0)]);
    checks.command("but still said", &guest.run(STATUS)?, &[Expect::Exit(0), Expect::Stdout(never)]);
    Ok(())
}

/// Runs a command after which the machine is reset.
fn reset(command: &str, stage: &Stage<'_>, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.ask(command)?;
    let boot = guest.await_boot(Duration::from_secs(180), command)?;
    checks.holds("the firmware started this boot", !boot.by_kexec(), &boot);
    checks.equal("it is the first kernel again", &boot.release, &stage.first.release);
    Ok(())
}

fn recognised(guest: &mut Guest, from: &str, proof: &str, checks: &mut Checks) -> Result<()> {
    let status = guest.run(STATUS)?;
    let expected = [Expect::Exit(0), Expect::Stdout("s after exec")];
    checks.command("status says how long after exec", &status, &expected);
    let from = format!("booted by skexec from {from}, ");
    checks.command("and from which kernel", &status, &[Expect::Stdout(&from)]);
    let status = guest.run(&format!("{STATUS} --json"))?;
    let expected = [Expect::Json("/this_boot/outcome", "expected"), Expect::Json("/this_boot/proof", proof)];
    checks.command("and what proves it", &status, &expected);
    Ok(())
}

fn chroot(command: &str) -> String {
    format!("chroot /system {command}")
}

fn load(guest: &mut Guest, options: &str, checks: &mut Checks) -> Result<()> {
    if guest.run("test -e /system")?.exit != Some(0) {
        system(guest, None, checks)?;
    }
    let load = guest.run(&chroot(&format!("skexec load /boot/vmlinuz {WITH} {options}")))?;
    checks.command(&format!("loaded with {options}"), &load, &[Expect::Exit(0)]);
    Ok(())
}

/// A file system that is not the initramfs, with what its disk keeps.
fn system(guest: &mut Guest, note: Option<&str>, checks: &mut Checks) -> Result<()> {
    checks.command("a system is made", &guest.run(SYSTEM)?, &[Expect::Exit(0)]);
    if let Some(note) = note {
        let write = format!("umask 077; cat >/system{NOTE} <<'END'\n{note}END");
        checks.command("its disk has the note", &guest.run(&write)?, &[Expect::Exit(0)]);
    }
    Ok(())
}

/// Jumps, and returns the note that skexec left.
fn jump(guest: &mut Guest, command: &str) -> Result<String> {
    let before = guest.console_size();
    guest.jump(command)?;
    note(guest, before)
}

fn note(guest: &Guest, before: usize) -> Result<String> {
    let console = guest.console_from(before);
    let (_, rest) = console.split_once("NOTE-BEGINS\n").with_context(|| format!("no note: {console}"))?;
    let (note, _) = rest.split_once("NOTE-ENDS").context("half a note")?;
    // Messages of the kernel may stand between its lines.
    Ok(note.lines().filter(|line| !line.starts_with('[')).map(|line| format!("{line}\n")).collect())
}
