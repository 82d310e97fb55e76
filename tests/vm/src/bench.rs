//! `cargo xtask bench`: what skexec costs, beside what others cost, in one run.

mod exec;
mod purgatory;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::cache::Cache;
use crate::fetch::Fetch;
use crate::report::Report;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// `skexec verify` against `sbverify --cert`, on Debian's 6.1 kernel
    Verify,
    /// The purgatory's own object code against OpenSSL and a plain C SHA-256
    Purgatory,
    /// The guest's instructions from exec to the second kernel's first line, against kexec-tools and the file method
    Exec,
}

/// Runs one of them, or all; fails where an aim was missed.
pub(crate) fn run(which: Option<Bench>, runs: usize) -> Result<ExitCode> {
    ensure!(runs > 0, "no runs");
    let report = Report::new();
    let cache = Cache::open()?;
    let fetch = Fetch::new(&cache, report);
    let mut met = true;
    for bench in which.as_ref().map_or(Bench::value_variants(), std::slice::from_ref) {
        met &= match bench {
            Bench::Verify => verify::run(&cache, &fetch, report, runs)?,
            Bench::Purgatory => purgatory::run(&cache, &fetch, report, runs)?,
            Bench::Exec => exec::run()?,
        };
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
