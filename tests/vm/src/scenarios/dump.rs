//! Dumps: a crash kernel writes `/proc/vmcore` to a disk, and `crash` opens it with Debian's debug symbols and finds who crashed.

mod reader;
mod row;

use std::time::Duration;

use anyhow::Result;

pub(super) use self::reader::{Crashed, Crasher, Reader};
pub(super) use self::row::{ROWS, Row};
use super::{Stage, crash};
use crate::checks::{Checks, Expect};
use crate::dump::Disk;
use crate::fetch::Maker;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::lab::Setup;

/// 512 MiB have no larger hole that is free for sure: UEFI puts the initrd into their midst, and KASLR the kernel.
const RESERVATION: &str = "crashkernel=128M";
/// The kernel finds the disk after init has begun.
const MOUNT: &str = "mkdir /dump; until [ -b /dev/nvme0n1 ]; do sleep 1; done; mount -t ext4 /dev/nvme0n1 /dump";
/// Reading 6 GiB under TCG.
const PATIENCE: Duration = Duration::from_secs(300);
/// A machine of this size has its whole memory dumped, too.
const SMALL: u64 = 512;

pub(super) fn play(stage: &Stage<'_>, row: &Row, checks: &mut Checks) -> Result<()> {
    let crashed =
        Crashed { release: &stage.first.release, method: row.method, processors: row.processors, off: row.off };
    let reader = Reader::new(stage.lab, crashed.release, Maker::InitramfsTools)?;
    let disk = Disk::make(&stage.path("console.log"))?;
    let (mut guest, crasher) = crashes(stage, row, &crashed, checks)?;
    let boot = guest.await_boot(PATIENCE, "a panic")?;
    checks.holds("the crash kernel is up", boot.by_kexec() && boot.cmdline.contains("elfcorehdr="), &boot);
    written(row, &mut guest, checks)?;
    drop(guest);
    reader.opens("the filtered dump", &disk.take("filtered")?, &crashed, &crasher, checks)?;
    if row.memory == SMALL {
        reader.opens("the whole memory", &disk.take("whole")?, &crashed, &crasher, checks)?;
    }
    Ok(())
}

/// Boots the machine, loads the crash kernel, and starts the process that will crash it.
fn crashes(stage: &Stage<'_>, row: &Row, crashed: &Crashed<'_>, checks: &mut Checks) -> Result<(Guest, Crasher)> {
    let mut files = Files::default();
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    files.add("/boot/dump.cpio", &crash::makedumpfile(stage)?.finish());
    Crasher::add(&mut files);
    stage.lab.add_keys(&mut files)?;
    let (memory, processors) = (Some(row.memory), row.processors);
    let hardware = Hardware { memory, processors, dump_disk: true, ..Hardware::default() };
    let setup = Setup::new(stage.name, &stage.first, row.firmware, RESERVATION, files);
    let (mut guest, _) = stage.lab.boot(Setup { hardware, ..setup })?;
    guest.be_patient(PATIENCE);
    let load = guest.run(&crash::load("/boot/vmlinuz", "/boot/initrd", row.method))?;
    checks.command("the crash kernel is loaded", &load, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    if row.off {
        let off = guest.run("echo 0 >/sys/devices/system/cpu/cpu1/online")?;
        checks.command("then processor 1 is turned off", &off, &[Expect::Exit(0)]);
    }
    let crasher = Crasher::start(crashed.last_processor(), &mut guest)?;
    Ok((guest, crasher))
}

fn written(row: &Row, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let mounted = guest.run(MOUNT)?;
    checks.command("it mounts a disk", &mounted, &[Expect::Exit(0)]);
    let filtered = guest.run("makedumpfile -l -d 31 /proc/vmcore /dump/filtered")?;
    checks.command("makedumpfile opens the dump and filters it", &filtered, &[Expect::Exit(0)]);
    if row.memory == SMALL {
        let whole = guest.run("cp /proc/vmcore /dump/whole")?;
        checks.command("the whole dump is copied", &whole, &[Expect::Exit(0)]);
    }
    let unmounted = guest.run("umount /dump")?;
    checks.command("all of it is on the disk", &unmounted, &[Expect::Exit(0)]);
    Ok(())
}
