//! Crash kernels: the running kernel panics, the one in the reservation comes up, and Debian's makedumpfile reads the dump. What is
//! refused before leaves the loaded one in its place.

mod plugged;

use anyhow::Result;

pub(super) use self::plugged::plugged;
use super::Stage;
use crate::checks::{Checks, Expect};
use crate::fetch::Group;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};

/// How the crash kernel is loaded, and on which machine.
#[derive(Debug, Clone, Copy)]
struct Way {
    method: &'static str,
    firmware: Firmware,
    processors: u32,
    /// In MiB.
    memory: u64,
    reservation: &'static str,
}

/// The crash kernel's initial file system may fill half of its memory, and needs room for a dump of 90 MB.
const BY_SEGMENTS: Way =
    Way { method: "segments", firmware: Firmware::Bios, processors: 2, memory: 1024, reservation: "crashkernel=384M" };
const BY_FILE: Way = Way { method: "file", ..BY_SEGMENTS };

const RECORD: &str = "/run/skexec/loaded-panic.json";
/// What only this run's kernel has said.
const MARK: &str = "a mark before the crash";
const CMDLINE: &str =
    "console=ttyS0 panic=-1 no_timer_check rdinit=/vm/init nr_cpus=1 reset_devices acpi_no_memhotplug vm.crash=1";
const LOADER: &str = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

pub(super) fn by_segments(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(BY_SEGMENTS, stage, checks)
}

pub(super) fn by_file(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(BY_FILE, stage, checks)
}

/// One processor, by segments and by the file.
pub(super) fn with_uefi(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let alone =
        Way { firmware: Firmware::Uefi, processors: 1, memory: 1536, reservation: "crashkernel=512M", ..BY_SEGMENTS };
    play(alone, stage, checks)?;
    play(Way { method: "file", ..alone }, stage, checks)
}

/// The layouts that a crash kernel has only when they are asked for.
pub(super) fn by_other_layouts(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for method in ["segments --layout elided", "segments --layout vmlinux"] {
        play(Way { method, ..BY_SEGMENTS }, stage, checks)?;
    }
    Ok(())
}

/// The reservation lies above 4 GiB, and another one for devices below.
pub(super) fn in_high_memory(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(Way { memory: 6144, processors: 8, reservation: "crashkernel=256M,high", ..BY_SEGMENTS }, stage, checks)
}

/// `spare` is what may be plugged in.
fn boot(way: Way, spare: Hardware, stage: &Stage<'_>) -> Result<Guest> {
    let mut files = stage.lab.exhibits(&stage.second)?;
    files.add("/boot/dump.cpio", &makedumpfile(stage)?.finish());
    let hardware = Hardware { memory: Some(way.memory), processors: way.processors, ..spare };
    let setup = Setup::new(stage.name, &stage.first, way.firmware, way.reservation, files);
    let (guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    Ok(guest)
}

fn play(way: Way, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut guest = boot(way, Hardware::default(), stage)?;
    loaded(way, &mut guest, checks)?;
    kept(way, &mut guest, checks)?;
    if way.processors > 1 {
        unplugged(&mut guest, checks)?;
    }
    guest.run(&format!("echo '{MARK}' >/dev/kmsg"))?;
    let boot = guest.jump("echo c >/proc/sysrq-trigger")?;
    checks.equal("the crash kernel is up", &boot.release, &stage.second.release);
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    let told = boot.cmdline.contains("vm.crash=1") && boot.cmdline.contains("elfcorehdr=0x");
    checks.holds("it has its command line, and where the headers of the dump are", told, &boot);
    dumped(way, &mut guest, checks)
}

/// The program, for the initrd of the crash kernel.
pub(super) fn makedumpfile(stage: &Stage<'_>) -> Result<Files> {
    let extras = stage.lab.extras(Group::Makedumpfile)?;
    let mut files = Files::default();
    files.program("/bin/makedumpfile", &extras.path("usr/bin/makedumpfile"))?;
    for library in extras.shared_libraries()? {
        let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = ["libc.", "libm.", "libdw.", "libelf.", "liblzo2.", "libzstd.", "libz.", "libbz2.", "liblzma."];
        if wanted.iter().any(|start| name.starts_with(start)) {
            files.copy(&format!("/lib/x86_64-linux-gnu/{name}"), &library)?;
        }
    }
    files.program("/lib64/ld-linux-x86-64.so.2", &extras.path("usr").join(LOADER))?;
    Ok(files)
}

/// Loads a crash kernel with makedumpfile in its initrd.
pub(super) fn load(kernel: &str, initrd: &str, method: &str) -> String {
    format!(
        "skexec load {kernel} --panic --method {method} --keys /keys/debian --initrd {initrd} --initrd /boot/dump.cpio \
         --cmdline '{CMDLINE}' --json"
    )
}

fn loaded(way: Way, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let load = load("/boot/vmlinuz", "/boot/initrd", way.method);
    let dry = guest.run(&format!("{load} --dry-run"))?;
    checks.command("a dry run", &dry, &[Expect::Exit(0), Expect::Json("/loaded", "false")]);
    is_loaded("it loads nothing", "0", guest, checks)?;
    let done = guest.run(&load)?;
    checks.command("the crash kernel is loaded", &done, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    is_loaded("the running kernel holds it", "1", guest, checks)?;
    let unloaded = guest.run("skexec unload --panic")?;
    checks.command("it is unloaded", &unloaded, &[Expect::Exit(0)]);
    is_loaded("nothing is left", "0", guest, checks)?;
    let again = guest.run(&load)?;
    checks.command("and loaded again", &again, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    Ok(())
}

fn is_loaded(name: &str, wanted: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let loaded = guest.run("cat /sys/kernel/kexec_crash_loaded")?;
    checks.equal(name, &loaded.stdout.trim(), &wanted);
    Ok(())
}

/// What is refused leaves the kernel that is loaded, and its record.
fn kept(way: Way, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let record = guest.run(&format!("cat {RECORD}"))?;
    checks.command("the record names it", &record, &[Expect::Exit(0), Expect::Stdout("/boot/vmlinuz")]);
    guest.run("agent big-initrd --sparse /run/big 520")?;
    let revoked = "/boot/vmlinuz --revoked /keys/debian";
    for (what, kernel, initrd, exit, reason) in [
        ("an unsigned kernel", "/boot/vmlinuz.unsigned", "/boot/initrd", 3, "unsigned"),
        ("a revoked kernel", revoked, "/boot/initrd", 3, "revoked-cert"),
        ("half a kernel", "/boot/vmlinuz.truncated", "/boot/initrd", 4, "truncated"),
        ("an initrd that is too big", "/boot/vmlinuz", "/run/big", 4, "crash-too-small"),
    ] {
        let done = guest.run(&load(kernel, initrd, way.method))?;
        checks.command(&format!("{what} is refused"), &done, &[Expect::Exit(exit), Expect::Json("/reason", reason)]);
        is_loaded(&format!("{what}: the old one stays loaded"), "1", guest, checks)?;
        let after = guest.run(&format!("cat {RECORD}"))?;
        checks.equal(&format!("{what}: its record stays"), &after.stdout, &record.stdout);
    }
    guest.run("rm /run/big")?;
    Ok(())
}

/// A processor goes, and with Linux 6.12 the running kernel rewrites the headers of the dump. With 6.1 they stay as they were loaded.
fn unplugged(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let own = guest.run("f=/sys/devices/system/cpu/crash_hotplug; if [ -e $f ]; then cat $f; else echo 1; fi")?;
    checks.equal("the running kernel keeps the headers up to date, if it can", &own.stdout.trim(), &"1");
    let off = guest.run("echo 0 >/sys/devices/system/cpu/cpu1/online && cat /sys/devices/system/cpu/cpu1/online")?;
    checks.command("a processor is turned off", &off, &[Expect::Exit(0)]);
    checks.equal("it stays off", &off.stdout.trim(), &"0");
    Ok(())
}

fn dumped(way: Way, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let text = guest
        .run("makedumpfile --dump-dmesg /proc/vmcore /tmp/dmesg && grep -e 'a mark before' -e sysrq: /tmp/dmesg")?;
    let expected = [Expect::Exit(0), Expect::Stdout(MARK), Expect::Stdout("sysrq: Trigger a crash")];
    checks.command("the dump has the old kernel's messages", &text, &expected);
    let filtered = guest.run("makedumpfile -l -d 31 /proc/vmcore /tmp/dump && ls -l /tmp/dump")?;
    checks.command("a filtered dump is written", &filtered, &[Expect::Exit(0), Expect::Stdout("/tmp/dump")]);
    let again = guest.run("makedumpfile --dump-dmesg /tmp/dump /tmp/again && cmp /tmp/dmesg /tmp/again")?;
    checks.command("it has the same messages", &again, &[Expect::Exit(0)]);
    // The emulation reads 6 MiB in a second.
    let all = guest.run(
        "size=$(stat -c %s /proc/vmcore) && echo $size && dd if=/proc/vmcore bs=1M count=32 2>/dev/null | wc -c && \
         dd if=/proc/vmcore bs=1M skip=$((size / 1048576 - 31)) 2>/dev/null | wc -c",
    )?;
    checks.command("its start and its end can be read", &all, &[Expect::Exit(0)]);
    let sizes: Vec<u64> = all.stdout.split_whitespace().filter_map(|size| size.parse().ok()).collect();
    let [start, part] = [32 << 20, 1 << 20];
    let whole = matches!(sizes.as_slice(), [size, first, last]
        if *first == start && *last == start - part + size % part && *size > way.memory << 19);
    checks.holds("they are complete, and it is as long as the old kernel's memory", whole, &all);
    Ok(())
}
