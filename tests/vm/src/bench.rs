//! `cargo xtask bench`: the cost of skexec compared with that of other programs, in one run.

mod exec;
mod purgatory;
mod verify;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::cache::Cache;
use crate::fetch::Fetch;
use crate::report::Report;

/// The benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// `skexec verify` against `sbverify --cert`, on Debian's 6.1 kernel
    Verify,
    /// The purgatory's own object code against OpenSSL and a plain C SHA-256
    Purgatory,
    /// The guest's instructions from exec to the second kernel's first line, against kexec-tools and the file method
    Exec,
}

/// The size of the benchmarks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// How often each program is run. `exec` runs each only once, because its count of instructions is exact.
    pub(crate) runs: usize,
    /// The size of the initrd that `exec` hands over, in MiB.
    pub(crate) initrd_mib: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { runs: 20, initrd_mib: 220 }
    }
}

/// Runs one of the benchmarks, or all; returns whether every limit was met.
pub(crate) fn run(cache: &Cache, which: Option<Bench>, effort: Effort) -> Result<bool> {
    ensure!(effort.runs > 0, "--runs must be at least 1");
    let report = Report::new();
    let fetch = Fetch::new(cache, report);
    let mut met = true;
    for bench in which.as_ref().map_or(Bench::value_variants(), std::slice::from_ref) {
        met &= match bench {
            Bench::Verify => verify::run(cache, &fetch, report, effort.runs)?,
            Bench::Purgatory => purgatory::run(cache, &fetch, report, effort.runs)?,
            Bench::Exec => exec::run(cache, effort.initrd_mib)?,
        };
    }
    Ok(met)
}
