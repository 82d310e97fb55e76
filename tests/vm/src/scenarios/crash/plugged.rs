//! A processor and memory are plugged in after the load, and the dump has them: with 6.12 the running kernel writes them into the headers,
//! with 6.1 the crash kernel is loaded again. Where the kernel takes no processor, only memory.

use anyhow::Result;

use super::{BY_FILE, BY_SEGMENTS, MARK, Way};
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::scenarios::segments::words;
use crate::scenarios::{Stage, plugs};

const REFRESH: &str = "skexec refresh --hardware --json";
const RESULT: &str = "/refreshed/0/result";
const MODULE_MIB: u64 = 256;
/// Headers and notes, and the kernel itself, which the headers name a second time, by its virtual addresses.
const MOST_APART: u64 = 64 << 20;

pub(crate) fn plugged(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for way in [BY_SEGMENTS, BY_FILE] {
        play(way, stage, checks)?;
    }
    Ok(())
}

fn play(way: Way, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let spare = Hardware { spare_processor: true, spare_memory: true, ..Hardware::default() };
    let mut guest = super::boot(way, spare, stage)?;
    let load = super::load("/boot/vmlinuz", "/boot/initrd", way.method);
    let warned = guest.run(&format!("{} --dry-run", load.replace("acpi_no_memhotplug", "")))?;
    let expected = [Expect::Exit(0), Expect::Stderr("crash-takes-memory")];
    checks.command("without acpi_no_memhotplug skexec warns", &warned, &expected);
    let done = guest.run(&load)?;
    checks.holds("with it skexec does not", !done.stderr.contains("crash-takes-memory"), &done);
    checks.command("the crash kernel is loaded", &done, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    refreshed("it is not loaded again for nothing", "left", &mut guest, checks)?;

    let mut processors = way.processors;
    if plugs::takes_a_processor(&mut guest)? {
        plugs::processor(stage, processors, &mut guest)?;
        plugs::turn_on(&mut guest)?;
        noticed("a processor", "cpu", &mut guest, checks)?;
        processors += 1;
    }
    let before = dumped_memory(&mut guest)?;
    plugs::memory(MODULE_MIB, &mut guest)?;
    plugs::turn_on(&mut guest)?;
    noticed("memory", "memory", &mut guest, checks)?;
    let memory = dumped_memory(&mut guest)?;
    checks.equal("the running kernel has the memory", &memory.checked_sub(before), &Some(MODULE_MIB << 20));

    guest.run(&format!("echo '{MARK}' >/dev/kmsg"))?;
    let boot = guest.jump("echo c >/proc/sysrq-trigger")?;
    checks.equal("the crash kernel is up", &boot.release, &stage.second.release);
    // Each processor that ran has a note of this name (`NT_PRSTATUS`) in the pages behind the headers.
    let notes = guest.run("head -c 65536 /proc/vmcore | strings | grep -c '^CORE$'")?;
    checks.equal("the dump has the registers of all", &notes.stdout.trim(), &processors.to_string().as_str());
    let size = guest.run("stat -c %s /proc/vmcore")?;
    let bytes = size.stdout.trim().parse::<u64>().unwrap_or(0);
    checks.holds("and all memory", (memory..memory + MOST_APART).contains(&bytes), &(bytes, memory));
    super::dumped(way, &mut guest, checks)
}

/// What was plugged in is noticed once: by the running kernel, or by skexec.
fn noticed(what: &str, folder: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let own = guest.run(&format!("cat /sys/devices/system/{folder}/crash_hotplug"))?;
    let wanted = if own.stdout.trim() == "1" { "left" } else { "loaded" };
    refreshed(&format!("{what} is plugged in: the crash kernel is {wanted}"), wanted, guest, checks)?;
    super::is_loaded("the running kernel holds it", "1", guest, checks)?;
    refreshed("and not loaded once more", "left", guest, checks)
}

fn refreshed(name: &str, result: &str, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let done = guest.run(REFRESH)?;
    checks.command(name, &done, &[Expect::Exit(0), Expect::Json(RESULT, result)]);
    Ok(())
}

/// The bytes of RAM outside of the reservation.
fn dumped_memory(guest: &mut Guest) -> Result<u64> {
    let map = guest.run("cat /proc/iomem")?.stdout;
    let bytes = |wanted: &str| -> u64 {
        let named = map.lines().filter_map(words::resource).filter(|(.., name)| name == wanted);
        named.map(|(start, end, _)| end - start).sum()
    };
    Ok(bytes("System RAM").saturating_sub(bytes("Crash kernel")))
}
