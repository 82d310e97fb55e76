//! A jump that unmounts nothing, while files are written: what was synced is on the disks, and the file systems are clean, or skexec said
//! which is not.

use std::fs::File;
use std::time::Duration;

use anyhow::Result;

use super::Stage;
use super::storage::{self, find_disks, program};
use crate::checks::{Checks, Expect};
use crate::fetch::{Extras, Group};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::BASE;
use crate::lab::{Firmware, Setup};
use crate::root::Scratch;
use crate::tool;

/// What an XFS needs, and more than the files.
const SIZE: u64 = 512 << 20;
/// The disks of [`Hardware::disks`].
const DISKS: [&str; 4] = ["ext4", "xfs", "btrfs", "lvm"];
const MORE: &str = "/boot/storage.cpio";
const PROGRAMS: [&str; 2] = ["lvm", "mke2fs"];
/// Where LVM puts the first volume on its disk.
const FIRST_EXTENT: u64 = 1 << 20;
/// So many files are synced on each file system before the jump, or so many seconds have passed.
const ENOUGH: u64 = 8;
const SECONDS: u64 = 120;
const PATIENCE: Duration = Duration::from_secs(300);

/// A file system, and the words of the kernel for one that was not closed.
struct Place {
    name: &'static str,
    kind: &'static str,
    device: &'static str,
    unclean: &'static [&'static str],
}

const EXT4: &[&str] = &["recovery complete", "errors", "orphan"];

const PLACES: [Place; 4] = [
    Place { name: "ext4", kind: "ext4", device: "/dev/disk-1", unclean: EXT4 },
    Place { name: "xfs", kind: "xfs", device: "/dev/disk-2", unclean: &["Starting recovery", "Corruption"] },
    Place { name: "btrfs", kind: "btrfs", device: "/dev/disk-3", unclean: &["log replay", "error", "corrupt"] },
    Place { name: "lvm", kind: "ext4", device: "/dev/mapper/group-volume", unclean: EXT4 },
];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let tools = stage.lab.extras(Group::Storage)?;
    let disks = make(stage, &tools)?;
    let mut guest = boot(stage, &tools)?;
    guest.be_patient(PATIENCE);
    let volume = format!(
        "{} && {} && {} && {}",
        lvm("pvcreate $(readlink /dev/disk-4)"),
        lvm("vgcreate group $(readlink /dev/disk-4)"),
        lvm("lvcreate -n volume -l 100%FREE --zero n --wipesignatures n group"),
        program("mke2fs", "-q -F -t ext4 /dev/mapper/group-volume"),
    );
    let made = guest.run(&volume)?;
    checks.command("a logical volume is made", &made, &[Expect::Exit(0)]);
    mount(&mut guest, checks)?;

    let load = guest.run(&format!(
        "skexec load --json /boot/vmlinuz --keys /keys/debian --initrd {BASE} --initrd {MORE} --reuse-cmdline"
    ))?;
    checks.command("a kernel is loaded", &load, &[Expect::Exit(0)]);
    let before = guest.console_size();
    for place in &PLACES {
        guest.run(&format!("agent write-files /data/{} >/dev/ttyS0 2>&1 &", place.name))?;
    }
    let begun = |console: &str| PLACES.iter().all(|place| last_synced(place.name, console) >= ENOUGH);
    for _ in 0..SECONDS {
        if begun(&guest.console_from(before)) {
            break;
        }
        guest.run("sleep 1")?;
    }
    let boot = guest.jump("skexec exec --force >/dev/ttyS0 2>&1")?;
    checks.holds("the next kernel is booted", boot.by_kexec(), &boot);

    let console = guest.console_from(before);
    find_disks(&mut guest, DISKS.len())?;
    let activated = guest.run(&lvm("vgchange -a y group"))?;
    checks.command("the logical volume is found", &activated, &[Expect::Exit(0)]);
    guest.run("dmesg -c >/dev/null")?;
    mount(&mut guest, checks)?;
    let messages = guest.run("dmesg")?.stdout;
    for place in &PLACES {
        kept(place, &console, &messages, &mut guest, checks)?;
    }
    let unmounted = guest.run("umount /data/*")?;
    checks.command("all are unmounted", &unmounted, &[Expect::Exit(0)]);
    drop(guest);
    examined(stage, &tools, checks);
    drop(disks);
    Ok(())
}

/// Makes the disks, and all file systems that can be made without a kernel.
fn make(stage: &Stage<'_>, tools: &Extras) -> Result<Vec<Scratch>> {
    let disks = DISKS.map(|name| (stage.path("console.log").with_extension(name), name));
    for (file, name) in &disks {
        File::create(file)?.set_len(SIZE)?;
        let mut mkfs = tools.complete(&format!("mkfs.{name}"));
        match *name {
            "ext4" => mkfs.args(["-q", "-F"]),
            "lvm" => continue,
            _ => mkfs.arg("-q"),
        };
        tool::run(mkfs.arg(file))?;
    }
    Ok(disks.map(|(file, _)| Scratch(file)).into())
}

fn boot(stage: &Stage<'_>, tools: &Extras) -> Result<Guest> {
    let mut files = storage::files(stage, tools, &PROGRAMS)?;
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    files.add(MORE, &storage::files(stage, tools, &PROGRAMS)?.finish());
    stage.lab.add_keys(&mut files)?;
    let hardware = Hardware { disks: &DISKS, memory: Some(2048), ..Hardware::default() };
    let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
    let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    find_disks(&mut guest, DISKS.len())?;
    Ok(guest)
}

/// LVM where no udev answers.
fn lvm(arguments: &str) -> String {
    let config = "activation{udev_sync=0 udev_rules=0} devices{use_devicesfile=0 obtain_device_list_from_udev=0}";
    program("lvm", &format!("{arguments} --config '{config}'"))
}

fn mount(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for Place { name, kind, device, .. } in &PLACES {
        let mounted = guest.run(&format!("mkdir -p /data/{name} && mount -t {kind} {device} /data/{name}"))?;
        checks.command(&format!("{name} is mounted"), &mounted, &[Expect::Exit(0)]);
    }
    Ok(())
}

/// Checks one file system after the jump: `console` has the words of the writers and of skexec, `messages` those of the mount.
fn kept(place: &Place, console: &str, messages: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let name = place.name;
    let synced = last_synced(name, console);
    checks.holds(&format!("{name}: files were synced before the jump"), synced >= ENOUGH, &synced);
    let whole = guest.run(&format!("agent check-files /data/{name} {synced}"))?;
    checks.command(&format!("{name}: all {synced} of them are whole"), &whole, &[Expect::Exit(0)]);
    let device = guest.run(&format!("basename $(readlink -f {})", place.device))?.stdout.trim().to_owned();
    let device = if name == "lvm" { "dm-0" } else { device.as_str() };
    let about: Vec<_> = messages.lines().filter(|line| line.contains(device)).collect();
    let clean = !place.unclean.iter().any(|words| about.iter().any(|line| line.contains(words)));
    let said = console.contains(&format!("/data/{name}: files are open for writing"));
    checks.holds(&format!("{name}: it is clean, or skexec said that it is not"), clean || said, &(about, console));
    // The kernel does not remount btrfs by force.
    if place.kind != "btrfs" {
        checks.holds(&format!("{name}: it is clean"), clean, &messages);
    }
    Ok(())
}

/// The number of the last file of which a writer said that it was synced.
fn last_synced(name: &str, console: &str) -> u64 {
    let word = format!("synced /data/{name} ");
    let numbers = console.split(&word).skip(1).filter_map(|rest| rest.split_once(';')?.0.parse().ok());
    numbers.max().unwrap_or(0)
}

/// The file systems' own checkers.
fn examined(stage: &Stage<'_>, tools: &Extras, checks: &mut Checks) {
    for name in DISKS {
        let file = stage.path("console.log").with_extension(name);
        let mut check = match name {
            "xfs" => tools.complete("xfs_repair"),
            "btrfs" => tools.complete("btrfs"),
            _ => tools.complete("e2fsck"),
        };
        match name {
            "ext4" => check.args(["-f", "-n"]).arg(&file),
            "xfs" => check.args(["-n", "-f"]).arg(&file),
            "btrfs" => check.args(["check", "--readonly"]).arg(&file),
            _ => check.args(["-f", "-n"]).arg(format!("{}?offset={FIRST_EXTENT}", file.display())),
        };
        let found = tool::run(&mut check);
        checks.holds(&format!("{name}: its checker finds nothing"), found.is_ok(), &found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_file_is_found_among_other_words() {
        let console = "synced /data/xfs 1;\nsynced /data/ext4 7;\n[ 1.0] x synced /data/xfs 2;\nsynced /data/xfs";
        assert_eq!([last_synced("xfs", console), last_synced("ext4", console), last_synced("lvm", console)], [2, 7, 0]);
    }
}
