//! A disk that cannot read the middle of a file: the device mapper's target `error` lies there, below ext4.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use vm_protocol::Done;

use super::super::storage::{self, find_disks, program};
use super::super::{IS_LOADED, check_loaded};
use super::Stage;
use crate::checks::{Checks, Expect, json_at};
use crate::fetch::{Extras, Group};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::BASE;
use crate::lab::{Firmware, Setup};
use crate::root::Scratch;

const DISK: &str = "faulty";
const SIZE: u64 = 128 << 20;
const SECTOR: u64 = 512;
/// Of the file system.
const BLOCK: u64 = 4096;
const SECTORS: u64 = BLOCK / SECTOR;
const DEVICE: &str = "/dev/mapper/faulty";
const METHODS: [&str; 2] = ["file", "segments"];
const EIO: &str = "Input/output error";
/// What was read is read from the disk again.
const FORGET: &str = "sync && echo 3 >/proc/sys/vm/drop_caches";

/// A file on the disk, and the load that reads it.
struct Half {
    what: &'static str,
    path: &'static str,
    kernel: &'static str,
    initrd: &'static str,
}

const HALVES: [Half; 2] = [
    Half { what: "kernel", path: "/data/vmlinuz", kernel: "/data/vmlinuz", initrd: BASE },
    Half { what: "initrd", path: "/data/initrd", kernel: "/boot/vmlinuz", initrd: "/data/initrd" },
];

impl Half {
    fn load(&self, mark: &str, method: &str) -> String {
        let Self { kernel, initrd, .. } = self;
        format!(
            "skexec load {kernel} --keys /keys/debian --initrd {initrd} --reuse-cmdline --append siege={mark} --method {method}"
        )
    }
}

pub(in super::super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let tools = stage.lab.extras(Group::Storage)?;
    let disk = Scratch(stage.path("console.log").with_extension(DISK));
    File::create(&disk.0)?.set_len(SIZE)?;
    let mut guest = boot(stage, &tools)?;
    fill(&mut guest, checks)?;
    for half in &HALVES {
        attack(half, &mut guest, checks)?;
    }
    let boot = guest.jump("skexec exec --force")?;
    checks.holds("the image that stayed is booted", boot.by_kexec(), &boot);
    checks.holds("it is that of the whole files", boot.cmdline.ends_with("siege=whole"), &boot);
    Ok(())
}

fn boot(stage: &Stage<'_>, tools: &Extras) -> Result<Guest> {
    let mut files = storage::files(stage, tools, &["dmsetup", "mke2fs", "debugfs"])?;
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    stage.lab.add_keys(&mut files)?;
    let hardware = Hardware { disks: &[DISK], memory: Some(2048), ..Hardware::default() };
    let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
    let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    guest.be_patient(Duration::from_secs(600));
    find_disks(&mut guest, 1)?;
    Ok(guest)
}

/// `dmsetup` where no udev answers.
fn dmsetup(arguments: &str) -> String {
    format!("DM_DISABLE_UDEV=1 {}", program("dmsetup", arguments))
}

/// Puts the kernel and the initrd on the disk.
fn fill(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&format!(
        "{} && {} && mkdir /data && mount -t ext4 {DEVICE} /data && cp /boot/vmlinuz {BASE} /data && umount /data",
        dmsetup(&format!("create faulty --table '{}'", whole())),
        program("mke2fs", &format!("-q -F -t ext4 -b {BLOCK} {DEVICE}")),
    ))?;
    checks.command("kernel and initrd are on a disk of the device mapper", &done, &[Expect::Exit(0)]);
    Ok(())
}

/// The table of a disk that reads everything.
fn whole() -> String {
    format!("0 {} linear /dev/disk-1 0", SIZE / SECTOR)
}

/// The table of a disk that cannot read this block.
fn without(block: u64) -> String {
    let first = block * SECTORS;
    let after = first + SECTORS;
    let rest = SIZE / SECTOR - after;
    format!("0 {first} linear /dev/disk-1 0\\n{first} {SECTORS} error\\n{after} {rest} linear /dev/disk-1 {after}")
}

/// Replaces the table; what was read by the one before is forgotten.
fn reload(table: &str) -> String {
    let (load, resume) = (dmsetup("load faulty"), dmsetup("resume faulty"));
    format!("printf '{table}\\n' | {load} && {resume} && {FORGET}")
}

/// The block of the file system in the middle of a file.
fn middle(half: &Half, guest: &mut Guest) -> Result<u64> {
    let name = half.path.trim_start_matches("/data/");
    let size: u64 = guest.run(&format!("stat -c %s /boot/{name}"))?.stdout.trim().parse().context("a size")?;
    let ask = program("debugfs", &format!("-R 'bmap {name} {}' {DEVICE}", size / BLOCK / 2));
    let done = guest.run(&ask)?;
    let block = done.stdout.trim().parse().with_context(|| format!("{ask}: {done:?}"))?;
    // Of a hole, which nothing is read for.
    ensure!(block != 0, "{ask}: {done:?}");
    Ok(block)
}

fn attack(half: &Half, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let error = without(middle(half, guest)?);
    guest.run(&format!("skexec unload; mount -t ext4 {DEVICE} /data"))?;
    fails(half, &error, guest, checks)?;
    for method in METHODS {
        refused(half, method, &at_once(half, method), guest, checks)?;
        check_loaded("nothing is loaded", false, guest, checks)?;
    }
    repaired(guest, checks)?;
    for method in METHODS {
        let done = guest.run(&half.load("whole", method))?;
        checks.command(&format!("the {} is loaded by --method {method}", half.what), &done, &[Expect::Exit(0)]);
        keeps(guest, checks)?;
    }
    fails(half, &error, guest, checks)?;
    for method in METHODS {
        refused(half, method, &at_once(half, method), guest, checks)?;
        keeps(guest, checks)?;
    }
    for method in METHODS {
        let done = refused(half, method, &late(half, &error, method), guest, checks)?;
        checks.holds("it waited for the disk before that", done.stdout == "waited\n", &done);
        keeps(guest, checks)?;
    }
    guest.run("umount /data")?;
    repaired(guest, checks)
}

fn repaired(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&reload(&whole()))?;
    checks.command("the disk is repaired", &done, &[Expect::Exit(0)]);
    Ok(())
}

/// Makes the middle of the file unreadable, and asks another program whether it is.
fn fails(half: &Half, error: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let Half { what, path, .. } = half;
    let done = guest.run(&format!("{} && head -c 65536 {path} >/dev/null && cat {path} >/dev/null", reload(error)))?;
    let expected = [Expect::Exit(1), Expect::Stderr(EIO)];
    checks.command(&format!("the {what}'s file can be read, but not its middle"), &done, &expected);
    Ok(())
}

/// A load to which the disk answers at once.
fn at_once(half: &Half, method: &str) -> String {
    format!("{FORGET}; {}", half.load("half", method))
}

/// A load that waits for the disk, which then fails.
fn late(half: &Half, error: &str, method: &str) -> String {
    let waiting = "grep -qs '^State:.D' /dev/null $(grep -ls '^Name:.skexec' /proc/[0-9]*/task/*/status)";
    format!(
        "{} && {} && {{ {} & i=0; until {waiting} || [ $i = 60 ]; do sleep 1; i=$((i + 1)); done; [ $i = 60 ] || echo waited; {}; wait $!; }}",
        reload(&whole()),
        dmsetup("suspend --noflush --nolockfs faulty"),
        half.load("half", method),
        reload(error),
    )
}

fn refused(half: &Half, method: &str, load: &str, guest: &mut Guest, checks: &mut Checks) -> Result<Done> {
    let done = guest.run(load)?;
    let says = format!("skexec: {}: the file cannot be read: {EIO} (os error 5) (unreadable)\n", half.path);
    let name = format!("the {} is refused by --method {method}, by its name", half.what);
    checks.command(&name, &done, &[Expect::Exit(1), Expect::Stderr(&says)]);
    Ok(done)
}

/// The image that was loaded from the repaired disk is there, under its own record.
fn keeps(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(&format!("{IS_LOADED}; skexec status --json"))?;
    let (loaded, status) = done.stdout.split_once('\n').unwrap_or_default();
    let line = json_at(status, "/reboot/record/cmdline").unwrap_or_default();
    let holds = loaded == "1" && line.ends_with("siege=whole");
    checks.holds("the image of the whole file is loaded, and its record is there", holds, &done);
    Ok(())
}
