//! Odd machines: few and many processors, NUMA, memory that is limited, reserved, high, persistent or plugged in, processors without what
//! skexec would like to use, and long command lines. The second kernel must see what the first one saw.

mod row;
mod rows;
mod view;

use anyhow::{Result, ensure};

pub(super) use self::row::Row;
use self::row::{HUGE_PAGES, MODULE_MIB, Method, Processors, Range, padded};
pub(super) use self::rows::ROWS;
use self::view::View;
use super::segments::words;
use super::{Stage, check_loaded, plugs};
use crate::checks::{Checks, Expect};
use crate::fetch::Series;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};

/// What no kernel takes: its own limit is 2047.
const TOO_LONG: usize = 4095;
/// One byte more than the file method can pass on.
const TOO_LONG_BY_FILE: usize = 2017;
/// What is written to memory that no kernel uses.
const PATTERN: u64 = 0x736b_6578_6563_2121;

pub(super) fn play(stage: &Stage<'_>, row: &Row, checks: &mut Checks) -> Result<()> {
    let mut files = Files::default();
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    stage.lab.add_keys(&mut files)?;
    let words = row.words();
    let setup = Setup::new(stage.name, &stage.first, row.firmware, &words, files);
    let setup = Setup { hardware: row.hardware(), second: Some(&stage.second), ..setup };
    let (mut guest, _) = stage.lab.boot(setup)?;
    plug(stage, row, &mut guest)?;
    let before = View::of(&mut guest)?;
    machine_is_the_rows(row, &before, checks);
    refused(&before, &mut guest, checks)?;
    mark(row, &mut guest)?;

    let line = row.line.from(&before.facts.cmdline);
    let load = guest.run(&load(&method(row.method), &line))?;
    checks.command("the kernel is loaded", &load, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
    check_loaded("the kernel holds an image", true, &mut guest, checks)?;
    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the second kernel is the one that was loaded", &boot.release, &stage.second.release);
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);

    let shown = guest.run("cat /proc/cmdline")?;
    checks.equal("it has the command line, byte for byte", &shown.stdout, &format!("{line}\n"));
    let after = View::of(&mut guest)?;
    let reserved: u64 = marked(row).map(|range| range.length << 20).sum();
    let module = unnamed_module(row);
    words::same_machine(&before.facts, &after.facts, reserved + module, checks);
    words::setup_data(&after.facts, checks);
    // What has come since the firmware made its tables, Linux 6.12 takes as little as a processor that comes now.
    let lost = row.processors == Processors::Plugged && row.second == Series::V6_12;
    let processors = before.number("processors").map(|all| all - u64::from(lost));
    checks.equal("it counts the processors", &after.number("processors"), &processors);
    after.has_what(&before, module, checks);
    for range in marked(row) {
        let kept = guest.run(&each(range, |address| format!("devmem {address} 64")))?;
        let wanted = vec![format!("{PATTERN:#018X}"); 3];
        let found: Vec<_> = kept.stdout.split_whitespace().map(str::to_owned).collect();
        checks.equal("what lay in memory that is not the kernels' is there", &found, &wanted);
    }
    Ok(())
}

fn method(method: Method) -> String {
    match method {
        Method::File => "file".to_owned(),
        Method::By(layout) => format!("segments --layout {layout}"),
    }
}

fn load(method: &str, line: &str) -> String {
    format!(
        "skexec load --json --method {method} /boot/vmlinuz --keys /keys/debian --initrd /boot/initrd --cmdline '{line}'"
    )
}

/// Plugs in what the row has; [`View::of`] turns it on.
fn plug(stage: &Stage<'_>, row: &Row, guest: &mut Guest) -> Result<()> {
    if row.processors == Processors::Plugged {
        plugs::processor(stage, row.hardware().processors, guest)?;
    }
    if row.memory_plugged {
        plugs::memory(MODULE_MIB, guest)?;
    }
    Ok(())
}

/// Checks that QEMU and the command line made the machine that the row describes.
fn machine_is_the_rows(row: &Row, before: &View, checks: &mut Checks) {
    let hardware = row.hardware();
    let processors = u64::from(hardware.processors) + u64::from(hardware.spare_processor);
    let huge_pages = if row.huge_pages { HUGE_PAGES } else { 0 };
    checks.equal("the machine has the row's processors", &before.number("processors"), &Some(processors));
    checks.equal("and its NUMA nodes", &before.number("nodes"), &Some(row.nodes.into()));
    checks.equal("huge pages", &before.number("huge"), &Some(huge_pages));
    let seen = (before.facts.la57, before.facts.sha_ni, before.number("ssse3") == Some(1));
    checks.equal("five-level paging, SHA-NI, SSSE3", &seen, &(hardware.la57, hardware.sha_ni, hardware.ssse3));
    checks.equal("UEFI", &before.facts.efi.is_some(), &(row.firmware == Firmware::Uefi));
    checks.equal("persistent memory", &before.persistent(), &row.persistent().map_or(0, |range| range.length << 20));
    if let Some(range) = row.reserved() {
        let free = before.ram_within(range.start << 20, (range.start + range.length) << 20);
        checks.equal("the kernel uses nothing of what is reserved", &free, &0);
    }
}

/// No command line of this length can be loaded, and the reason is named.
fn refused(before: &View, guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for (method, bytes) in [("file", TOO_LONG), ("segments", TOO_LONG), ("file", TOO_LONG_BY_FILE)] {
        let done = guest.run(&load(method, &padded(&before.facts.cmdline, bytes)))?;
        let expected = [Expect::Json("/loaded", "false"), Expect::Json("/reason", "cmdline-too-long")];
        checks.command(&format!("a command line of {bytes} bytes is refused by {method}"), &done, &expected);
    }
    check_loaded("the kernel holds no image", false, guest, checks)
}

/// The bytes that may be lost where the running kernel makes the next one's memory map: memory that was plugged in is not in it
/// (`e820_table_kexec`), but the next kernel may lie there, and then takes no more of it from ACPI.
fn unnamed_module(row: &Row) -> u64 {
    if row.method == Method::File && row.memory_plugged { MODULE_MIB << 20 } else { 0 }
}

/// The memory that no kernel uses, with what lies in it.
fn marked(row: &Row) -> impl Iterator<Item = Range> {
    row.reserved().into_iter().chain(row.persistent())
}

fn mark(row: &Row, guest: &mut Guest) -> Result<()> {
    for range in marked(row) {
        let done = guest.run(&each(range, |address| format!("devmem {address} 64 {PATTERN:#x}")))?;
        ensure!(done.exit == Some(0), "{range:?} cannot be written: {done:?}");
    }
    Ok(())
}

/// A command for its first, middle and last page.
fn each(range: Range, command: impl Fn(u64) -> String) -> String {
    let (start, length) = (range.start << 20, range.length << 20);
    [0, length / 2, length - 4096].map(|at| command(start + at)).join(" && ")
}
