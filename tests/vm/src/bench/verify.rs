//! `cargo xtask bench verify`: compares `skexec verify` with `sbverify --cert` on the same kernel, in one run.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::cache::{Cache, cargo};
use crate::fetch::{Fetch, Series};
use crate::measure::{self, Cost};
use crate::report::Report;
use crate::tool;

const DEBIAN_CA: &str = "keys/debian/debian-secure-boot-ca.pem";
/// The memory that a verification may use in addition to the size of the file.
const ALLOWANCE_KIB: i64 = 8 * 1024;

pub(super) fn run(cache: &Cache, fetch: &Fetch<'_>, report: Report, runs: usize) -> Result<bool> {
    let (tools, kernel) = (fetch.tools()?, fetch.debian_kernel(Series::V6_1)?);
    report.step("build   skexec, as it is installed", || build(cache))?;
    let ca = cache.workspace(DEBIAN_CA);
    let mut skexec = Command::new(cache.target("release/skexec"));
    skexec.args(["verify", "--json", "--no-system-trust", "--keys"]).arg(&ca).arg(&kernel.image);
    let mut sbverify = tools.sbverify();
    sbverify.arg("--cert").arg(&ca).arg(&kernel.image);

    // The programs take turns, so that other load on the machine affects both alike. The first round fills the page cache.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=runs {
        let pair = (good(&skexec)?, good(&sbverify)?);
        if round > 0 {
            ours.push(pair.0);
            theirs.push(pair.1);
        }
    }
    let file_kib = i64::try_from(fs::metadata(&kernel.image)?.len().div_ceil(1024))?;
    println!("\n{}: {file_kib} KiB, {runs} runs of each, in turns; medians", kernel.release);
    let (ours, theirs) = (Median::of(&ours), Median::of(&theirs));
    println!("  sbverify --cert  {theirs}");
    println!("  skexec verify    {ours}");

    let limit = file_kib + ALLOWANCE_KIB;
    let half = 2 * ours.micros <= theirs.micros;
    let within = ours.peak_kib < limit;
    let mark = |met| if met { "met" } else { "MISSED" };
    println!("  processor time: {}% of sbverify's; at most 50%: {}", 100 * ours.micros / theirs.micros, mark(half));
    println!("  peak memory: {} KiB; below the file's size and 8 MiB, {limit} KiB: {}", ours.peak_kib, mark(within));
    Ok(half && within)
}

fn build(cache: &Cache) -> Result<()> {
    let mut build = cargo();
    build.current_dir(cache.workspace("")).args(["build", "--release", "--package", "skexec", "--bin", "skexec"]);
    tool::run(build.arg("--target-dir").arg(cache.target("")))
}

/// The cost of a run, which must find the signature good: a refusal may be cheaper.
fn good(program: &Command) -> Result<Cost> {
    let cost = measure::cost(program)?;
    ensure!(cost.exit == Some(0), "{} ended with {:?}", program.get_program().display(), cost.exit);
    Ok(cost)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Median {
    micros: i64,
    peak_kib: i64,
}

impl Median {
    fn of(costs: &[Cost]) -> Self {
        let median = |of: fn(&Cost) -> i64| {
            let mut values: Vec<_> = costs.iter().map(of).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self { micros: median(|cost| cost.micros), peak_kib: median(|cost| cost.peak_kib) }
    }
}

impl std::fmt::Display for Median {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (millis, rest) = (self.micros / 1000, self.micros % 1000 / 100);
        write!(f, "{millis:5}.{rest} ms of processor time, {:6} KiB at the peak", self.peak_kib)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_of_each_value() {
        let costs = [(5, 10), (1, 30), (9, 20)].map(|(micros, peak_kib)| Cost { micros, peak_kib, exit: Some(0) });
        assert_eq!(Median::of(&costs), Median { micros: 5, peak_kib: 20 });
    }
}
