//! kexec-tools and skexec are given the same kernel, initrd and command line, and their calls of `kexec_load(2)` are compared.

mod differences;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use vm_protocol::capture::{Capture, Params, SetupData};
use vm_protocol::facts::{SETUP_MARK, SETUP_RNG_SEED};

use self::differences::{DIFFERENCES, E820_START, PLACE};
use super::Stage;
use super::boot_params::FIELDS;
use crate::checks::Checks;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{BASE, Files};
use crate::kexec_tools;
use crate::lab::{Firmware, Setup};

const CMDLINE: &str = "console=ttyS0 panic=-1 rdinit=/vm/init vm.same=1";
const E820_ENTRIES: usize = 0x1e8;
const E820_TABLE: usize = 0x2d0;
/// Compared as ranges, not as bytes.
const AS_RANGES: [&str; 2] = ["e820_entries", "e820_table"];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let mut seen = BTreeSet::new();
    // With memory above 4 GiB, the upper halves of addresses are used.
    for (firmware, memory) in [(Firmware::Bios, 2048), (Firmware::Uefi, 6144)] {
        let (mut guest, _) = boot(stage, firmware, memory)?;
        let load = format!("-c -l /boot/vmlinuz --initrd={BASE} --command-line='{CMDLINE}'");
        let theirs = params(&mut guest, &kexec_tools::command(&load))?;
        guest.run(&kexec_tools::command("-c -u"))?;
        let ours = params(
            &mut guest,
            &format!(
                "skexec load --method segments /boot/vmlinuz --keys /keys/debian --initrd {BASE} --no-cmdline \
                 --append '{CMDLINE}'"
            ),
        )?;
        checks.equal(&format!("{firmware:?}: the command line"), &ours.cmdline, &theirs.cmdline);
        compare(firmware, &theirs, &ours, &mut seen, checks)?;
    }
    // The two loaders may choose the same address.
    let listed = DIFFERENCES.iter().filter(|(_, why)| *why != PLACE).map(|(name, _)| *name);
    let stale: Vec<_> = listed.filter(|name| !seen.contains(name)).collect();
    checks.holds("each difference in the table is real", stale.is_empty(), &stale);
    Ok(())
}

fn boot(stage: &Stage<'_>, firmware: Firmware, memory: u64) -> Result<(Guest, vm_protocol::Boot)> {
    let mut files = Files::default();
    files.copy("/boot/vmlinuz", &stage.second.image)?;
    stage.lab.add_keys(&mut files)?;
    kexec_tools::add(stage.lab, &mut files)?;
    let hardware = Hardware { memory: Some(memory), ..Hardware::default() };
    let setup = Setup::new(stage.name, &stage.first, firmware, "", files);
    stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })
}

fn params(guest: &mut Guest, command: &str) -> Result<Params> {
    let done = guest.run(&format!("agent capture {command}"))?;
    let capture: Capture = serde_json::from_str(&done.stdout).with_context(|| format!("{command}: {done:?}"))?;
    capture.params.with_context(|| format!("{command}: no segment holds a zero page: {}", done.stdout))
}

fn compare(
    firmware: Firmware,
    theirs: &Params,
    ours: &Params,
    seen: &mut BTreeSet<&'static str>,
    checks: &mut Checks,
) -> Result<()> {
    let mut unknown = vec![];
    for (offset, length, name) in FIELDS {
        let field = |params: &Params| params.page.get(2 * offset..2 * (offset + length)).map(str::to_owned);
        let (their, our) = (field(theirs).context("a short page")?, field(ours).context("a short page")?);
        if their == our || AS_RANGES.contains(&name) {
            continue;
        }
        seen.insert(name);
        if !DIFFERENCES.iter().any(|(known, _)| *known == name) {
            unknown.push(format!("{name}: kexec-tools {their}, skexec {our}"));
        }
    }
    checks.holds(&format!("{firmware:?}: boot_params, but for what is explained"), unknown.is_empty(), &unknown);
    checks.equal(&format!("{firmware:?}: e820"), &e820(ours)?, &e820(theirs)?);
    checks.equal(&format!("{firmware:?}: setup_data"), &setup_data(ours), &setup_data(theirs));
    Ok(())
}

/// Type, length and content of the entries, independent of their order, without skexec's mark; of the RNG seed only the length.
fn setup_data(params: &Params) -> Vec<(u32, usize, &str)> {
    let mut list = vec![];
    for SetupData { kind, data } in params.setup_data.iter().filter(|entry| entry.kind != SETUP_MARK) {
        list.push((*kind, data.len() / 2, if *kind == SETUP_RNG_SEED { "" } else { data.as_str() }));
    }
    list.sort_unstable();
    list
}

/// The table's ranges as start, length and type: sorted, neighbours of a kind joined, from [`E820_START`] on.
fn e820(params: &Params) -> Result<Vec<(u64, u64, u32)>> {
    let bytes = bytes(&params.page)?;
    let count = usize::from(*bytes.get(E820_ENTRIES).context("a short page")?);
    let mut ranges = vec![];
    for at in (0..count).map(|index| E820_TABLE + 20 * index) {
        let entry = bytes.get(at..at + 20).context("a short page")?;
        let long = |at: usize| entry[at..at + 8].try_into().map(u64::from_le_bytes);
        ranges.push((long(0)?, long(8)?, u32::from_le_bytes(entry[16..20].try_into()?)));
    }
    for range in ranges.iter_mut().filter(|range| range.0 < E820_START && range.1 > E820_START - range.0) {
        *range = (E820_START, range.1 - (E820_START - range.0), range.2);
    }
    ranges.sort_unstable();
    ranges.dedup_by(|next, last| {
        let joined = last.0 + last.1 == next.0 && last.2 == next.2;
        if joined {
            last.1 += next.1;
        }
        joined
    });
    Ok(ranges)
}

fn bytes(hexadecimal: &str) -> Result<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}
