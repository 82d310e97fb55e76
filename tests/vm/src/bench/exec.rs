//! `cargo xtask bench exec`: the number of instructions in the guest from `reboot(2)` to the second kernel's first line.
//!
//! Under `-icount shift=0` each instruction takes one nanosecond of the guest's time, and its time stamp counter runs at 1 GHz:
//! it counts instructions, the same in every run. The debugger reads it at two addresses, `__x64_sys_reboot` in the first
//! kernel and `early_serial_write` in the second, which is booted with `nokaslr` and is the same kernel, so that its addresses
//! follow from the first one's `/proc/kallsyms`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::fetch::{Choice, Kernel, Series};
use crate::gdb::Gdb;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{BASE, Files};
use crate::kexec_tools;
use crate::lab::{Firmware, Lab, Setup};
use crate::machine::Accel;
use crate::report::Report;

const SERIES: Series = Series::V6_12;
const BIG: &str = "/boot/big.cpio";
const WHOLE: &str = "/boot/whole.cpio";
const CMDLINE: &str = "console=ttyS0 earlyprintk=serial,ttyS0,115200 nokaslr panic=-1 no_timer_check rdinit=/vm/init";
/// The address of `_text` in a kernel without KASLR (CONFIG_PHYSICAL_START above __START_KERNEL_map).
const TEXT: u64 = 0xffff_ffff_8100_0000;
/// A generic SHA-256 of 280 MB is 15 billion instructions.
const PATIENCE: Duration = Duration::from_secs(1200);
const MILLION: u64 = 1_000_000;

/// Another way to load, and the limit for skexec's segments in per cent of its instructions.
struct Method {
    name: &'static str,
    load: String,
    aim: Option<u64>,
}

fn methods() -> [Method; 3] {
    let ours = format!("--keys /keys/debian /boot/vmlinuz --initrd {WHOLE} --no-cmdline --append '{CMDLINE}'");
    let theirs = format!("-c -l /boot/vmlinuz --initrd={WHOLE} --command-line='{CMDLINE}'");
    [
        Method { name: "skexec segments", load: format!("skexec load --method segments {ours}"), aim: None },
        Method { name: "kexec_file_load", load: format!("skexec load --method file {ours}"), aim: Some(50) },
        Method { name: "kexec-tools -c", load: kexec_tools::command(&theirs), aim: Some(25) },
    ]
}

pub(super) fn run(cache: &Cache, initrd_mib: u64) -> Result<bool> {
    let report = Report::new();
    report.heading("Preparing");
    let lab = Lab::open(cache, Accel::Tcg)?;
    let kernel = lab.kernel(&Choice::Debian(SERIES))?;
    report.heading(format_args!(
        "Instructions from reboot(2) to the first line of {}, {initrd_mib} MiB initrd",
        kernel.release
    ));
    let mut counts = vec![];
    for method in methods() {
        let start = Instant::now();
        let count = count(&lab, &kernel, initrd_mib, &method).with_context(|| method.name)?;
        report.line(start.elapsed(), format_args!("{:16} {:>8} million", method.name, count / MILLION));
        counts.push(count);
    }
    let ours = *counts.first().context("no method")?;
    let mut met = true;
    for (method, theirs) in methods().iter().zip(&counts) {
        let Some(aim) = method.aim else { continue };
        let holds = ours * 100 <= aim * theirs;
        met &= holds;
        let percent = (ours * 100).div_ceil((*theirs).max(1));
        let word = if holds { "met" } else { "MISSED" };
        println!("          {percent} % of {}, aim {aim} %: {word}", method.name);
    }
    Ok(met)
}

fn count(lab: &Lab<'_>, kernel: &Kernel, initrd_mib: u64, method: &Method) -> Result<u64> {
    let mut files = Files::default();
    files.copy("/boot/vmlinuz", &kernel.image)?;
    lab.add_keys(&mut files)?;
    kexec_tools::add(lab, &mut files)?;
    let hardware =
        Hardware { memory: Some(2048), processors: 1, debugger: true, counting: true, ..Hardware::default() };
    let setup = Setup::new("bench-exec", kernel, Firmware::Bios, "", files);
    let (mut guest, _) = lab.boot(Setup { hardware, ..setup })?;
    guest.be_patient(PATIENCE);
    let joined = format!("agent big-initrd {BIG} {initrd_mib} && cat {BASE} {BIG} >{WHOLE} && rm {BIG}");
    for command in [&joined, &method.load] {
        let done = guest.run(command)?;
        ensure!(done.exit == Some(0), "{command}: {done:?}");
    }
    let reboot = symbol(&mut guest, "__x64_sys_reboot")?;
    let first_line = symbol(&mut guest, "early_serial_write")? - symbol(&mut guest, "_text")? + TEXT;

    let mut gdb = Gdb::attach(&guest.debugger(), PATIENCE)?;
    gdb.run_to(reboot, || guest.ask("agent jump"))?;
    let start = gdb.time_stamp()?;
    gdb.run_to(first_line, || Ok(()))?;
    Ok(gdb.time_stamp()? - start)
}

fn symbol(guest: &mut Guest, name: &str) -> Result<u64> {
    let done = guest.run(&format!("grep -m 1 ' {name}$' /proc/kallsyms"))?;
    let digits = done.stdout.split_whitespace().next().with_context(|| format!("no symbol {name}"))?;
    Ok(u64::from_str_radix(digits, 16)?)
}
