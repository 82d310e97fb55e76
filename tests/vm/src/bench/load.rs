//! `cargo xtask bench load`: instructions, peak memory and bytes read of a load in a guest, and how often each byte is hashed.

mod guest;

use std::fs;

use anyhow::Result;
use vm_protocol::cost::Cost;

use self::guest::{Ground, Load};
use super::document::Part;
use super::figures::{Aim, Table, decimal, millions, ratio};
use super::ways::{LAYOUTS, Way};
use super::{Bench, Run};
use crate::fetch::Series;

const OURS: Way = Way::Segments(LAYOUTS[0]);
/// In MiB.
const SIZES: [u64; 3] = [20, 220, 700];
const GROWTH: [u64; 2] = [64, 512];
const PORTABLE: Ground = Ground { sha_ni: false, used: false };
const FAST: Ground = Ground { sha_ni: true, used: false };

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let lab = run.lab()?;
    let kernel = run.fetch.debian_kernel(Series::V6_12)?;
    let kernel_bytes = fs::metadata(&kernel.image)?.len();
    let mut loads = vec![];
    for ground in if run.effort.quick { vec![FAST] } else { vec![PORTABLE, FAST, PORTABLE.used(), FAST.used()] } {
        run.report.heading(format_args!("Loads in {}", ground.name()));
        loads.extend(guest::loads(run, &lab, &kernel, ground, &plan(ground, run.effort.quick))?);
    }
    let mut aims = aims(&loads, kernel_bytes);
    aims.extend(growth(&loads));
    let text = format!("{}{}", tables(&loads), passes(&loads));
    let with =
        [format!("Linux {} running and loaded", kernel.release)].into_iter().chain(run.of_guest(&lab)?).collect();
    Ok(run.part(Bench::Load, with, text, aims))
}

/// What is loaded in a guest: by which way, and with an initrd of how many MiB.
fn plan(ground: Ground, quick: bool) -> Vec<(u64, Vec<Way>)> {
    let [small, middle, large] = SIZES;
    let peers = [Way::File, Way::ToolsSegments, Way::ToolsFile];
    let all: Vec<_> = LAYOUTS.into_iter().map(Way::Segments).chain(peers).collect();
    let main: Vec<_> = [OURS].into_iter().chain(peers).collect();
    match ground {
        _ if quick => vec![(small, all)],
        Ground { used: true, .. } => vec![(middle, all)],
        // The running kernel's search for pages takes 130 000 million instructions of `file` with the large initrd: once is enough.
        Ground { sha_ni: false, .. } => {
            vec![(small, all.clone()), (middle, all), (large, vec![OURS, Way::ToolsSegments])]
        }
        Ground { sha_ni: true, .. } => {
            let growth = GROWTH.map(|mib| (mib, vec![OURS]));
            [(small, all.clone()), (middle, all), (large, main)].into_iter().chain(growth).collect()
        }
    }
}

fn tables(loads: &[Load]) -> String {
    let mut text = String::new();
    let mut grounds: Vec<_> = loads.iter().map(|load| load.ground).collect();
    grounds.dedup();
    for ground in grounds {
        let mut table = Table::new(&["", "initrd, MiB", "million instructions", "peak memory, MiB", "read, MiB"]);
        for load in loads.iter().filter(|load| load.ground == ground && load.way.is_some()) {
            let Cost { instructions, peak_kib, read_bytes } = load.cost;
            let numbers = [load.mib, millions(instructions), peak_kib >> 10, read_bytes >> 20];
            table.row([load.name()].into_iter().chain(numbers.map(|number| number.to_string())).collect());
        }
        let name = ground.name();
        text += &format!("\n{}{}:\n\n{table}", name[..1].to_uppercase(), &name[1..]);
    }
    text
}

/// How often each byte of the initrd is hashed: what a further byte costs, of what it costs in one SHA-256 by the same processor.
fn passes(loads: &[Load]) -> String {
    let slope = |way: Option<Way>| {
        let of = |mib| cost(loads, PORTABLE, way, mib).map(|cost| cost.instructions);
        Some(of(SIZES[1])?.saturating_sub(of(SIZES[0])?))
    };
    let Some(one) = slope(None) else { return String::new() };
    let mut table = Table::new(&["", "passes over each byte of the initrd"]);
    for way in [OURS, Way::File, Way::ToolsSegments, Way::ToolsFile] {
        let Some(cost) = slope(Some(way)) else { continue };
        table.row(vec![way.name(), decimal(ratio(cost, one))]);
    }
    format!(
        "\nThe difference between {} and {} MiB without SHA-NI, divided by that of one SHA-256 of the same bytes in a program \
         (crate `sha2`); what is not a whole number is copying, or a SHA-256 with other code:\n\n{table}",
        SIZES[0], SIZES[1]
    )
}

fn cost(loads: &[Load], ground: Ground, way: Option<Way>, mib: u64) -> Option<Cost> {
    loads.iter().find(|load| load.ground == ground && load.way == way && load.mib == mib).map(|load| load.cost)
}

fn aims(loads: &[Load], kernel_bytes: u64) -> Vec<Aim> {
    let mut aims = vec![];
    for ours in loads {
        let peer = |way| Some(cost(loads, ours.ground, Some(way), ours.mib)?.instructions);
        let case = format!("{} MiB, {}", ours.mib, ours.ground.name());
        let limits = match ours.way {
            Some(way) if way == OURS => (Way::ToolsSegments, if ours.ground.sha_ni { 0.1 } else { 0.5 }),
            Some(Way::File) => (Way::ToolsFile, 1.1),
            _ => continue,
        };
        let (way, limit) = limits;
        let Some(theirs) = peer(way) else { continue };
        let what = format!("{}, {case}: instructions, of {}", ours.name(), way.name());
        aims.push(Aim::at_most(what, ratio(ours.cost.instructions, theirs), limit).because(profile(loads, ours)));
        if ours.mib == SIZES[2] {
            let input = (kernel_bytes >> 10) + (ours.mib << 10);
            let what = format!("{}, {case}: peak memory, of kernel and initrd", ours.name());
            aims.push(Aim::at_most(what, ratio(ours.cost.peak_kib, input), 1.1));
        }
    }
    aims
}

/// What limits a load: the unpacking of the kernel, what does not depend on the initrd, and what each MiB of it costs.
fn profile(loads: &[Load], load: &Load) -> String {
    let mut parts = vec![];
    let of = |ground: Ground, way, mib| cost(loads, ground, way, mib).map(|cost| cost.instructions);
    let packed = of(load.ground, Some(Way::Segments(LAYOUTS[1])), load.mib);
    if let (Some(OURS), Some(packed)) = (load.way, packed) {
        parts.push(format!("{}, which leaves the kernel packed, takes {} million", LAYOUTS[1], millions(packed)));
    }
    let fresh = Ground { used: false, ..load.ground };
    if let (Some(small), Some(middle)) = (of(fresh, load.way, SIZES[0]), of(fresh, load.way, SIZES[1])) {
        let each = middle.saturating_sub(small) / (SIZES[1] - SIZES[0]);
        let fixed = millions(small.saturating_sub(each * SIZES[0]));
        let each = decimal(ratio(each, 1_000_000));
        parts.push(format!("{fixed} million do not depend on the initrd, and each MiB of it takes {each} million"));
    }
    format!("Of {} million: {}", millions(load.cost.instructions), parts.join("; "))
}

fn growth(loads: &[Load]) -> Option<Aim> {
    let [small, large] = GROWTH.map(|mib| cost(loads, FAST, Some(OURS), mib).map(|cost| cost.instructions));
    let what = format!("{}: {} MiB, of {} MiB", OURS.name(), GROWTH[1], GROWTH[0]);
    Some(Aim::at_most(what, ratio(large?, small?), 9.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(way: Option<Way>, mib: u64, instructions: u64) -> Load {
        Load { ground: PORTABLE, way, mib, cost: Cost { instructions, ..Cost::default() } }
    }

    #[test]
    fn passes_are_counted_by_what_a_further_byte_costs() {
        let loads = [
            load(None, SIZES[0], 20),
            load(None, SIZES[1], 220),
            load(Some(OURS), SIZES[0], 1000),
            load(Some(OURS), SIZES[1], 1400),
        ];
        assert!(passes(&loads).contains("| vmlinux | 2.00 |"), "{}", passes(&loads));
        assert_eq!(passes(&loads[2..]), "");
    }

    #[test]
    fn an_aim_is_of_the_peer_in_the_same_guest() {
        let loads = [(OURS, 60), (Way::Segments(LAYOUTS[1]), 20), (Way::ToolsSegments, 100)];
        let loads = loads.map(|(way, count)| load(Some(way), SIZES[0], count * 1_000_000));
        let aims = aims(&loads, 0);
        let text = aims[0].to_string();
        let wanted = "of `kexec -c -l`: 0.60; at most 0.50: **missed**. \
                      Of 60 million: elided, which leaves the kernel packed, takes 20 million";
        assert!(text.ends_with(wanted), "{text}");
        assert_eq!(aims.len(), 1);
    }
}
