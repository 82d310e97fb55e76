//! `skexec load --method segments`: boots of every kind, each proved by the second kernel's report.

mod row;
mod rows;
pub(super) mod words;

use anyhow::{Context, Result};
use serde_json::Value;
use vm_protocol::Done;
use vm_protocol::facts::Facts;

pub(super) use self::row::Row;
use self::row::{BIG_MIB, Initrd, Outcome};
pub(super) use self::rows::ROWS;
use super::layout::Layout;
use super::{Stage, check_loaded};
use crate::checks::{Checks, Expect, json_at};
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{self, BASE, Files};
use crate::lab::{Firmware, Setup};

const BIG: &str = "/boot/big.cpio";
const MARK: &str = "/boot/mark.cpio";

pub(super) fn play(stage: &Stage<'_>, row: &Row, checks: &mut Checks) -> Result<()> {
    let hardware = Hardware { memory: Some(row.memory), la57: row.la57, sha_ni: row.sha_ni, ..Hardware::default() };
    let files = files(stage, row)?;
    let setup = Setup::new(stage.name, &stage.first, row.firmware, "", files);
    let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
    let first = guest.facts()?;
    machine_is_the_rows(row, &first, checks);
    if row.initrd == Initrd::Big {
        // The sparse file takes no memory, so the refusal is about the segments, not about the files.
        let sparse = if row.outcome == Outcome::Boots { "" } else { "--sparse" };
        let made = guest.run(&format!("agent big-initrd {sparse} {BIG} {BIG_MIB}"))?;
        checks.command("the big initrd is made", &made, &[Expect::Exit(0)]);
    }
    let loading = guest.run(&load(stage, row))?;
    match row.outcome {
        Outcome::Refused { exit, reasons } => refused(&loading, exit, reasons, &mut guest, checks),
        Outcome::Boots => boots(stage, row, &first, &loading, guest, checks),
    }
}

fn files(stage: &Stage<'_>, row: &Row) -> Result<Files> {
    let mut files = Files::default();
    match row.layout {
        Layout::Vmlinux | Layout::Elided | Layout::Classic => files.copy("/boot/vmlinuz", &stage.second.image)?,
        Layout::Linked => {
            let vmlinux = stage.lab.vmlinux(&stage.second)?;
            files.copy("/boot/vmlinux", &vmlinux.elf)?;
            files.copy("/boot/vmlinux.p7s", &vmlinux.signature)?;
        }
    }
    if row.initrd == Initrd::Two {
        files.add(MARK, &initramfs::mark("two"));
    }
    stage.lab.add_keys(&mut files)?;
    Ok(files)
}

fn load(stage: &Stage<'_>, row: &Row) -> String {
    let kernel = match row.layout {
        // By default.
        Layout::Vmlinux => "/boot/vmlinuz --keys /keys/debian",
        Layout::Elided => "--layout elided /boot/vmlinuz --keys /keys/debian",
        Layout::Classic => "--layout classic /boot/vmlinuz --keys /keys/debian",
        Layout::Linked => "/boot/vmlinux --signature /boot/vmlinux.p7s --keys /keys/owner",
    };
    let options: String = match initrds(row.initrd) {
        [] => "--no-initrd".to_owned(),
        some => some.iter().map(|initrd| format!("--initrd {initrd} ")).collect(),
    };
    let cmdline = format!("--reuse-cmdline --append 'retain_initrd vm.test={}'", stage.name);
    format!("skexec load --json --method segments --purgatory-console serial {kernel} {options} {cmdline}")
}

fn initrds(initrd: Initrd) -> &'static [&'static str] {
    match initrd {
        Initrd::None => &[],
        Initrd::Small => &[BASE],
        Initrd::Two => &[MARK, BASE],
        Initrd::Big => &[BASE, BIG],
    }
}

/// Checks that QEMU made the machine that the row describes.
fn machine_is_the_rows(row: &Row, first: &Facts, checks: &mut Checks) {
    let uefi = !matches!(row.firmware, Firmware::Bios | Firmware::Disk);
    let seen = (first.efi.is_some(), first.la57, first.sha_ni);
    checks.equal("the machine is the row's: UEFI, five-level paging, SHA-NI", &seen, &(uefi, row.la57, row.sha_ni));
    if row.firmware == Firmware::Disk {
        checks.equal("GRUB started the first kernel", &(first.loader_type >> 4), &7);
    }
}

fn refused(done: &Done, exit: i32, reasons: &[&str], guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    checks.command("it is refused", done, &[Expect::Exit(exit), Expect::Json("/loaded", "false")]);
    let reason = json_at(&done.stdout, "/reason").unwrap_or_default();
    checks.holds("and the reason named", reasons.contains(&reason.as_str()), &(reason, reasons));
    check_loaded("the kernel holds no image", false, guest, checks)
}

fn boots(
    stage: &Stage<'_>,
    row: &Row,
    first: &Facts,
    loading: &Done,
    mut guest: Guest,
    checks: &mut Checks,
) -> Result<()> {
    let layout = row.layout.to_string();
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/method", "segments")];
    checks.command("the kernel is loaded by segments", loading, &expected);
    checks.command("in the row's layout", loading, &[Expect::Json("/plan/layout", &layout)]);
    check_loaded("the kernel holds an image", true, &mut guest, checks)?;
    if row.initrd == Initrd::None {
        return speaks_on_the_console(stage, first, loading, guest, checks);
    }
    let wanted = guest.run(&format!("cat {} | sha256sum", initrds(row.initrd).join(" ")))?;
    let wanted = wanted.stdout.split_whitespace().next().unwrap_or_default().to_owned();
    checks.equal("the plan names the initrd's digest", &segment(&loading.stdout, "initrd", "sha256")?, &wanted);

    let boot = guest.jump("skexec exec --force")?;
    checks.equal("the second kernel is the one that was loaded", &boot.release, &stage.second.release);
    checks.holds("it was booted by kexec", boot.by_kexec(), &boot);
    let mark = format!("vm.test={}", stage.name);
    checks.holds("it has the command line that was asked for", boot.cmdline.contains(&mark), &boot);
    let second = guest.facts()?;
    let found = second.initrd.as_ref().map(|initrd| initrd.sha256.clone()).unwrap_or_default();
    checks.equal("the second kernel's initrd is what was loaded", &found, &wanted);
    words::same_machine(first, &second, 0, checks);
    words::setup_data(&second, checks);
    Ok(())
}

/// Without an initrd there is no agent, so the kernel's console messages are checked, up to its panic for lack of a root.
fn speaks_on_the_console(
    stage: &Stage<'_>,
    first: &Facts,
    loading: &Done,
    mut guest: Guest,
    checks: &mut Checks,
) -> Result<()> {
    let console = guest.run_to_end("skexec exec --force")?;
    let mut says = |name: &str, text: &str| checks.holds(name, console.contains(text), &console);
    says("the second kernel is the one that was loaded", &format!("Linux version {} ", stage.second.release));
    says("it has the command line that was asked for", &format!("vm.test={}", stage.name));
    says("it was told where ACPI begins", "ACPI: RSDP 0x");
    says("it found the memory map", "BIOS-e820: [mem 0x");
    says("it looked for a root, having no initrd", "Unable to mount root fs");
    // UEFI's tables still name the first boot's initrd; an empty initrd prevents the kernel from using it.
    let ramdisk = match first.efi {
        Some(_) => format!("RAMDISK: [mem {:#010x}-", segment(&loading.stdout, "initrd", "addr")?.parse::<u64>()?),
        None => String::new(),
    };
    let found = console.lines().find_map(|line| Some(line.split_once("RAMDISK: ")?.1)).unwrap_or_default();
    checks.holds("it took no initrd of the first boot's", format!("RAMDISK: {found}").contains(&ramdisk), &found);
    checks.equal("it found an initrd where an empty one was handed over", &!found.is_empty(), &first.efi.is_some());
    let efi = console.contains("efi: EFI v2");
    checks.equal("it found UEFI where there is one", &efi, &first.efi.is_some());
    Ok(())
}

/// A member of one of the plan's segments; numbers in decimal.
pub(super) fn segment(json: &str, name: &str, member: &str) -> Result<String> {
    let document: Value = serde_json::from_str(json).with_context(|| json.to_owned())?;
    let segments = document.pointer("/plan/segments").and_then(Value::as_array).context("no plan.segments")?;
    let found = segments.iter().find(|segment| segment["name"] == name);
    let value =
        found.and_then(|segment| segment.get(member)).with_context(|| format!("no {member} of {name}: {json}"))?;
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
