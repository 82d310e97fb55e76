//! `cargo xtask bench downtime`: the instructions from `reboot(2)` to the second kernel's first line and to its first program, part by
//! part.

pub(super) mod settings;
mod stops;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use self::stops::{Downtime, PARTS};
use super::document::Part;
use super::figures::{Aim, Table, millions, ratio};
use super::svg::{self, Bar, Group};
use super::ways::{LAYOUTS, Way};
use super::{Bench, Run, counted};
use crate::fetch::Kernel;
use crate::initramfs::{Files, INIT};
use crate::lab::Lab;

pub(super) const PICTURE: &str = "downtime.svg";
const CMDLINE: &str = "console=ttyS0 earlyprintk=serial,ttyS0,115200 nokaslr panic=-1 no_timer_check rdinit=/vm/init";
const MEMORY_MIB: u64 = 2048;
const BIG: &str = "/boot/big.cpio";
const FIRST_PROGRAM: &str = "/boot/first.cpio";
const WHOLE: &str = "/boot/whole.cpio";
const SMALL_MIB: u64 = 4;
const LARGE_MIB: u64 = 220;

/// One kernel with one initrd, by every way.
struct Round {
    heading: String,
    mib: u64,
    found: Vec<(Way, Downtime)>,
}

fn ways(quick: bool) -> Vec<Way> {
    let layouts = LAYOUTS.into_iter().take(if quick { 1 } else { LAYOUTS.len() });
    layouts.map(Way::Segments).chain([Way::File, Way::ToolsSegments]).collect()
}

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let lab = run.lab()?;
    let mut rounds = vec![];
    for (name, kernel) in run.kernels()? {
        for mib in if run.effort.quick { vec![SMALL_MIB] } else { vec![SMALL_MIB, LARGE_MIB] } {
            let heading = format!("{name}, initrd of {mib} MiB");
            run.report.heading(format_args!("Downtime of {heading}"));
            rounds.push(round(run, &lab, &kernel, heading, mib)?);
        }
    }
    let picture =
        svg::stacked("Million instructions from reboot(2) to the first program", &PARTS, "M", &groups(&rounds));
    fs::write(run.benchmarks.beside(PICTURE), picture)?;
    let aims = rounds.iter().flat_map(aims).collect();
    Ok(run.part(Bench::Downtime, run.of_guest(&lab)?, text(&rounds), aims))
}

fn round(run: &Run<'_>, lab: &Lab<'_>, kernel: &Kernel, heading: String, mib: u64) -> Result<Round> {
    let mut found = vec![];
    for way in ways(run.effort.quick) {
        let start = Instant::now();
        let downtime = measure(lab, kernel, mib, way).with_context(|| format!("{heading}, {}", way.name()))?;
        let [line, user] = [downtime.to_first_line(), downtime.to_user()].map(millions);
        let parts = downtime.0.map(millions);
        run.report.line(start.elapsed(), format_args!("{:14} {line:6} {user:6} million; {parts:?}", way.name()));
        found.push((way, downtime));
    }
    Ok(Round { heading, mib, found })
}

fn measure(lab: &Lab<'_>, kernel: &Kernel, mib: u64, way: Way) -> Result<Downtime> {
    let mut files = Files::default();
    files.add(FIRST_PROGRAM, &first_program(lab)?);
    let mut guest = counted::boot(lab, kernel, MEMORY_MIB, true, files)?;
    let joined = format!(
        "agent big-initrd {BIG} {mib} --behind {FIRST_PROGRAM} && cat {FIRST_PROGRAM} {BIG} >{WHOLE} && rm {BIG}"
    );
    counted::good(&mut guest, &joined)?;
    let loaded = counted::good(&mut guest, &way.command(WHOLE, CMDLINE))?.stdout;
    stops::jump(&mut guest, kernel, &loaded, "early_serial_write")
}

/// The initrd of which the second kernel starts a program: the guests' own initrd is larger than the small one of this table.
fn first_program(lab: &Lab<'_>) -> Result<Vec<u8>> {
    let mut files = Files::default();
    files.program(INIT, &lab.tools.busybox())?;
    Ok(files.finish())
}

fn text(rounds: &[Round]) -> String {
    let names: Vec<_> = ["", "first line", "first program"].into_iter().chain(PARTS).collect();
    let mut text = format!("![The parts of the downtime]({PICTURE})\n");
    for round in rounds {
        let mut table = Table::new(&names);
        for (way, downtime) in &round.found {
            let sums = [downtime.to_first_line(), downtime.to_user()];
            let cells = sums.into_iter().chain(downtime.0).map(|count| millions(count).to_string());
            table.row([way.name()].into_iter().chain(cells).collect());
        }
        text += &format!("\n{}, million instructions:\n\n{table}", round.heading);
    }
    text
}

fn groups(rounds: &[Round]) -> Vec<Group> {
    let bar = |(way, downtime): &(Way, Downtime)| Bar {
        label: way.name().replace('`', ""),
        parts: downtime.0.map(millions).to_vec(),
    };
    rounds
        .iter()
        .map(|round| Group { heading: round.heading.clone(), bars: round.found.iter().map(bar).collect() })
        .collect()
}

fn aims(round: &Round) -> Vec<Aim> {
    let of = |wanted: Way| round.found.iter().find(|(way, _)| *way == wanted).map(|(_, downtime)| *downtime);
    let (Some(ours), Some(file), Some(tools)) = (of(Way::Segments(LAYOUTS[0])), of(Way::File), of(Way::ToolsSegments))
    else {
        return vec![];
    };
    let heading = &round.heading;
    let first_line = ratio(ours.to_first_line(), file.to_first_line().min(tools.to_first_line()));
    let limit = if round.mib == SMALL_MIB { 0.05 } else { 0.04 };
    let mut aims = vec![
        Aim::at_most(format!("{heading}: first line, of the better peer"), first_line, limit).because(profile(ours)),
    ];
    if round.mib == SMALL_MIB {
        let what = format!("{heading}: first program, of what the second kernel executes by itself");
        aims.push(Aim::at_most(what, ratio(ours.to_user(), ours.of_kernel()), 1.1).because(profile(ours)));
    }
    aims
}

/// The parts in the order of their size.
fn profile(downtime: Downtime) -> String {
    let mut parts: Vec<_> = PARTS.iter().zip(downtime.0.map(millions)).collect();
    parts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<_> = parts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("The limit, in million instructions: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_peer_counts() {
        let found = vec![
            (Way::Segments(LAYOUTS[0]), Downtime([10, 10, 10, 0, 10, 400])),
            (Way::File, Downtime([0, 0, 1000, 0, 0, 400])),
            (Way::ToolsSegments, Downtime([0, 0, 2000, 0, 0, 400])),
        ];
        let round = Round { heading: "6.1".to_owned(), mib: SMALL_MIB, found };
        let aims: Vec<_> = aims(&round).iter().map(ToString::to_string).collect();
        assert_eq!(aims[0], "6.1: first line, of the better peer: 0.040; at most 0.050: met");
        assert_eq!(
            aims[1],
            "6.1: first program, of what the second kernel executes by itself: 1.07; at most 1.10: met"
        );
    }
}
