//! One jump, stopped at the borders of the downtime's parts.
//!
//! The debugger reads the time stamp counter at addresses that follow from the first kernel's `/proc/kallsyms`: the second kernel is
//! the same file, booted with `nokaslr`. The purgatory's address is the third argument of `relocate_kernel`
//! (arch/x86/include/asm/kexec.h).

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::counted::{PATIENCE, good};
use crate::fetch::Kernel;
use crate::gdb::Gdb;
use crate::guest::Guest;

/// The parts of a downtime, in order.
pub(super) const PARTS: [&str; 6] =
    ["shutdown", "relocation", "purgatory", "decompression", "early boot", "rest of the boot"];

/// The address of `_text` in a kernel without KASLR (CONFIG_PHYSICAL_START above __START_KERNEL_map).
const TEXT: u64 = 0xffff_ffff_8100_0000;
/// The 64-bit entry point of a bzImage, from where its protected-mode part is loaded (Documentation/arch/x86/boot.rst).
const ENTRY_64: u64 = 0x200;
const SYMBOLS: [&str; 9] = [
    "_text",
    "__x64_sys_reboot",
    "relocate_kernel",
    "kexec_image",
    "startup_64",
    "x86_64_start_kernel",
    "start_kernel",
    "early_serial_write",
    "start_thread",
];

/// The instructions of each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Downtime(pub(super) [u64; PARTS.len()]);

impl Downtime {
    pub(super) fn to_first_line(self) -> u64 {
        self.0.iter().rev().skip(1).sum()
    }

    pub(super) fn to_user(self) -> u64 {
        self.0.iter().sum()
    }

    /// What the second kernel executes from its entry point on.
    pub(super) fn of_kernel(self) -> u64 {
        self.0.iter().skip(3).sum()
    }
}

/// Jumps into the loaded kernel. `loaded` is what the loader printed, `line` the function that prints the first line.
pub(super) fn jump(guest: &mut Guest, kernel: &Kernel, loaded: &str, line: &str) -> Result<Downtime> {
    let symbols = symbols(guest)?;
    let symbol = |name: &str| symbols.get(name).copied().with_context(|| format!("no symbol {name}"));
    let offset = |name: &str| Ok::<_, anyhow::Error>(symbol(name)? - symbol("_text")?);
    let mut gdb = Gdb::attach(&guest.debugger(), PATIENCE)?;
    let mut stamps = vec![];
    gdb.run_to(symbol("__x64_sys_reboot")?, || guest.ask("agent jump"))?;
    stamps.push(gdb.time_stamp()?);
    gdb.run_to(symbol("relocate_kernel")?, || Ok(()))?;
    stamps.push(gdb.time_stamp()?);
    let purgatory = gdb.rdx()?;
    let entry = match kernel_of_plan(loaded, offset("startup_64")?) {
        Some(entry) => entry,
        None => kernel_of_image(&mut gdb, symbol("kexec_image")?, purgatory, kernel)? + ENTRY_64,
    };
    let early = TEXT + offset("x86_64_start_kernel")?;
    let (line, user) = (TEXT + offset(line)?, TEXT + offset("start_thread")?);
    for address in [purgatory, entry, early, line, user] {
        gdb.run_to(address, || Ok(()))?;
        stamps.push(gdb.time_stamp()?);
    }
    let lengths: Vec<_> = stamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Ok(Downtime(lengths.try_into().ok().context("one length for each part")?))
}

fn symbols(guest: &mut Guest) -> Result<BTreeMap<String, u64>> {
    let done = good(guest, &format!("grep -E ' ({})$' /proc/kallsyms", SYMBOLS.join("|")))?;
    let symbol = |line: &str| {
        let mut words = line.split_whitespace();
        let address = u64::from_str_radix(words.next()?, 16).ok()?;
        Some((words.nth(1)?.to_owned(), address))
    };
    Ok(done.stdout.lines().filter_map(symbol).collect())
}

/// The kernel's entry point from the plan that skexec prints; `startup` is that of an unpacked kernel, from its first byte on.
fn kernel_of_plan(loaded: &str, startup: u64) -> Option<u64> {
    let report: Value = serde_json::from_str(loaded).ok()?;
    let plan = report.get("plan")?;
    let segments = plan.get("segments")?.as_array()?;
    let kernel = segments.iter().find(|segment| segment["name"] == "kernel")?;
    let unpacked = plan["layout"] == "vmlinux";
    Some(kernel["addr"].as_u64()? + if unpacked { startup } else { ENTRY_64 })
}

/// The address of the protected-mode part of a bzImage, from the running kernel's `struct kimage` (include/linux/kexec.h).
fn kernel_of_image(gdb: &mut Gdb, pointer: u64, start: u64, kernel: &Kernel) -> Result<u64> {
    const START: usize = 3;
    const COUNT: usize = 7;
    const SEGMENTS: usize = 8;
    let file = std::fs::read(&kernel.image)?;
    let sectors = u64::from(*file.get(0x1f1).context("no setup header")?) + 1;
    let wanted = u64::try_from(file.len())? - 512 * sectors;
    let image = *gdb.words(pointer, 1)?.first().context("kexec_image")?;
    let words = gdb.words(image, SEGMENTS + 4 * 16)?;
    ensure!(words[START] == start && words[COUNT] <= 16, "this kernel's struct kimage is another one: {words:x?}");
    let segments = words[SEGMENTS..].chunks(4).take(usize::try_from(words[COUNT])?);
    let of_kernel = |segment: &&[u64]| segment[1] == wanted;
    let found = segments.clone().find(of_kernel).with_context(|| format!("no segment of {wanted:#x}: {words:x?}"))?;
    Ok(found[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_of_a_downtime_end_where_they_say() {
        let downtime = Downtime([1, 2, 4, 8, 16, 32]);
        assert_eq!((downtime.to_first_line(), downtime.to_user(), downtime.of_kernel()), (31, 63, 56));
    }

    #[test]
    fn a_plan_tells_the_entry_point_by_its_layout() {
        let plan = |layout| {
            let segments = r#"[{"name": "initrd", "addr": 1}, {"name": "kernel", "addr": 4096}]"#;
            format!(r#"{{"plan": {{"layout": "{layout}", "segments": {segments}}}}}"#)
        };
        assert_eq!(kernel_of_plan(&plan("vmlinux"), 64), Some(4096 + 64));
        assert_eq!(kernel_of_plan(&plan("elided"), 64), Some(4096 + 0x200));
        assert_eq!(kernel_of_plan(r#"{"plan": {"segments": []}}"#, 64), None);
        assert_eq!(kernel_of_plan("", 64), None);
    }
}
