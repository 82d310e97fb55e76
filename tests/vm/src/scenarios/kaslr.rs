//! A kernel that was relocated before the jump lies at other addresses after each boot; with `nokaslr`, at the addresses of its link.

use std::collections::BTreeSet;

use anyhow::Result;
use vm_protocol::facts::Bases;

use super::Stage;
use super::chain::{self, NEXT};
use super::layout::Layout;
use super::segments::segment;
use crate::checks::{Checks, Expect};
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::{Firmware, Setup};

const KERNEL: &str = "/boot/vmlinuz";
const MIB: u64 = 1 << 20;
/// CONFIG_PHYSICAL_ALIGN and CONFIG_PHYSICAL_START.
const ALIGNMENT: u64 = 2 * MIB;
const START: u64 = 16 * MIB;
/// `_text` without KASLR, and the end of the image's part of the address space (__START_KERNEL_map + KERNEL_IMAGE_SIZE).
const TEXT: u64 = 0xffff_ffff_8100_0000;
const TEXT_END: u64 = 0xffff_ffff_c000_0000;
/// page_offset_base without KASLR, with four and with five levels of page tables.
const DIRECT_MAPS: [u64; 2] = [0xffff_8880_0000_0000, 0xff11_0000_0000_0000];

pub(super) fn ten(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(stage, 10, checks)
}

pub(super) fn three(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play(stage, 3, checks)
}

fn play(stage: &Stage<'_>, boots: usize, checks: &mut Checks) -> Result<()> {
    let mut files = Files::default();
    files.copy(KERNEL, &stage.second.image)?;
    stage.lab.add_keys(&mut files)?;
    let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
    let (mut guest, _) = stage.lab.boot(Setup { second: Some(&stage.second), ..setup })?;
    chain::begin(&mut guest)?;

    let mut seen = vec![];
    for _ in 0..boots {
        seen.push(next("", &mut guest, checks)?);
    }
    checks.holds("KASLR_FLAG is set", seen.iter().all(|bases| bases.kaslr_flag), &seen);
    checks.holds("each base is within the kernel's limits", seen.iter().all(within_limits), &seen);
    differ("virtual bases", &seen, |bases| bases.text, checks);
    differ("physical bases", &seen, |bases| bases.code, checks);
    differ("bases of the direct map", &seen, |bases| bases.direct_map, checks);
    differ("bases of virtually mapped memory", &seen, |bases| bases.vmalloc, checks);

    let fixed = next("--append nokaslr", &mut guest, checks)?;
    checks.equal("nokaslr: the virtual base is that of the link", &fixed.text, &TEXT);
    checks.holds("nokaslr: KASLR_FLAG is clear", !fixed.kaslr_flag, &fixed);
    checks.holds("nokaslr: the regions are where they are by default", DIRECT_MAPS.contains(&fixed.direct_map), &fixed);
    Ok(())
}

/// Boots the next kernel, and returns its addresses.
fn next(options: &str, guest: &mut Guest, checks: &mut Checks) -> Result<Bases> {
    chain::pack(guest, checks)?;
    let layout = Layout::Vmlinux.to_string();
    let load = guest.run(&format!(
        "skexec load --json --method segments --layout {layout} {KERNEL} --keys /keys/debian --initrd {NEXT} \
         --reuse-cmdline {options}"
    ))?;
    let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/layout", &layout)];
    checks.command("the next kernel is loaded", &load, &expected);
    let place = segment(&load.stdout, "kernel", "addr")?.parse()?;
    guest.jump("skexec exec --force")?;
    let bases = guest.bases()?;
    checks.equal("it lies where it was loaded", &bases.code, &place);
    Ok(bases)
}

fn within_limits(bases: &Bases) -> bool {
    let Bases { text, code, .. } = *bases;
    text % ALIGNMENT == 0 && code % ALIGNMENT == 0 && (TEXT..TEXT_END).contains(&text) && code >= START
}

/// There are some hundred places for each: now and then two boots of ten have the same one, but never four.
fn differ(what: &str, seen: &[Bases], base: impl Fn(&Bases) -> u64, checks: &mut Checks) {
    let different: BTreeSet<_> = seen.iter().map(base).collect();
    let enough = different.len() + seen.len().div_ceil(5) >= seen.len();
    checks.holds(&format!("{what}: {} different ones in {} boots", different.len(), seen.len()), enough, &seen);
}
