//! `cargo xtask bench settings`: what a user's settings change between `reboot(2)` and the second kernel's first program.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use super::super::document::Part;
use super::super::figures::{Table, millions};
use super::super::ways::{LAYOUTS, Way};
use super::super::{Bench, Run, counted};
use super::{MEMORY_MIB, stops};
use crate::fetch::{Group, Kernel, Maker, Series};
use crate::initramfs::Files;
use crate::lab::Lab;
use crate::payload::{self, Format};

const INITRD: &str = "/boot/initrd.debian";
const ALWAYS: &str = "nokaslr panic=-1 no_timer_check";
const SERIAL: &str = "console=ttyS0";
/// A byte on a serial line is ten bits: start, eight of data, stop.
const BAUD: u64 = 115_200;
/// The size of an archive of microcode for one vendor's processors, in bytes.
const MICROCODE: usize = 8 << 20;

/// One way to set up the second kernel's boot.
struct Setting {
    name: &'static str,
    cmdline: &'static str,
    initrd: Vec<u8>,
}

struct Found {
    name: &'static str,
    instructions: u64,
    console_bytes: u64,
}

pub(in crate::bench) fn run(run: &Run<'_>) -> Result<Part> {
    let lab = run.lab()?;
    let kernel = run.fetch.debian_kernel(Series::V6_12)?;
    let mut found = vec![];
    for setting in settings(run, &lab)? {
        let (start, name) = (Instant::now(), setting.name);
        let one = measure(&lab, &kernel, setting).with_context(|| name)?;
        let line =
            format!("{:6} million, {:6} bytes on the console: {name}", millions(one.instructions), one.console_bytes);
        run.report.line(start.elapsed(), line);
        found.push(one);
    }
    let with =
        [format!("Linux {}, Debian's own initrd", kernel.release)].into_iter().chain(run.of_guest(&lab)?).collect();
    Ok(run.part(Bench::Settings, with, text(&found), vec![]))
}

/// The first is what the others are compared with.
fn settings(run: &Run<'_>, lab: &Lab<'_>) -> Result<Vec<Setting>> {
    let root = lab.root(Maker::InitramfsTools)?;
    let packed = fs::read(root.initrd(&root.release(Series::V6_12)?))?;
    let base =
        Setting { name: "serial console, initrd as Debian packs it (zstd)", cmdline: SERIAL, initrd: packed.clone() };
    let quiet = Setting { name: "`quiet`", cmdline: "console=ttyS0 quiet", initrd: packed.clone() };
    if run.effort.quick {
        return Ok(vec![base, quiet]);
    }
    let (compressors, scratch) = (lab.extras(Group::Compression)?, lab.scratch("bench.scratch"));
    let raw = payload::unpack_file(&packed, &scratch, &compressors)?;
    let gzip = Format::Gzip.pack(&raw, &scratch, &compressors)?;
    let mut early = Files::default();
    early.add("kernel/x86/microcode/AuthenticAMD.bin", &vec![0xa5; MICROCODE]);
    let early = [early.finish(), packed.clone()].concat();
    Ok(vec![
        base,
        quiet,
        Setting { name: "no serial console (`console=tty0`)", cmdline: "console=tty0", initrd: packed },
        Setting { name: "initrd not compressed", cmdline: SERIAL, initrd: raw },
        Setting { name: "initrd packed by gzip", cmdline: SERIAL, initrd: gzip },
        Setting { name: "8 MiB of early microcode before the initrd", cmdline: SERIAL, initrd: early },
    ])
}

fn measure(lab: &Lab<'_>, kernel: &Kernel, setting: Setting) -> Result<Found> {
    let mut files = Files::default();
    files.add(INITRD, &setting.initrd);
    let mut guest = counted::boot(lab, kernel, MEMORY_MIB, true, files)?;
    let cmdline = format!("{} {ALWAYS}", setting.cmdline);
    let loaded = counted::good(&mut guest, &Way::Segments(LAYOUTS[0]).command(INITRD, &cmdline))?.stdout;
    let before = guest.console_size();
    // Without a serial console there is no first line to stop at.
    let downtime = stops::jump(&mut guest, kernel, &loaded, "start_kernel")?;
    let console_bytes = u64::try_from(guest.console_size() - before)?;
    Ok(Found { name: setting.name, instructions: downtime.to_user(), console_bytes })
}

fn text(found: &[Found]) -> String {
    let mut table = Table::new(&[
        "setting",
        "million instructions",
        "difference",
        "bytes on the console",
        "ms for them at 115200 baud",
    ]);
    let Some(base) = found.first() else { return String::new() };
    for one in found {
        let difference = i128::from(millions(one.instructions)) - i128::from(millions(base.instructions));
        let millis = one.console_bytes * 10 * 1000 / BAUD;
        let numbers =
            [millions(one.instructions).to_string(), format!("{difference:+}"), one.console_bytes.to_string()];
        let cells = [one.name.to_owned()].into_iter().chain(numbers).chain([millis.to_string()]);
        table.row(cells.collect());
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_compared_with_the_first() {
        let one = |name, instructions, console_bytes| Found { name, instructions, console_bytes };
        let text = text(&[one("base", 2_000_000_000, 11_520), one("`quiet`", 1_900_000_000, 0)]);
        assert!(text.ends_with("| base | 2000 | +0 | 11520 | 1000 |\n| `quiet` | 1900 | -100 | 0 | 0 |\n"), "{text}");
    }
}
