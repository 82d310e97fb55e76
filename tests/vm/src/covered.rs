//! `cargo xtask coverage`: which lines of skexec the inputs of the fuzz targets reach, and which all tests on this machine. What was
//! counted is kept in tests/data/coverage.tsv, and docs/coverage.md is made of it.

mod lines;
mod page;
mod reasons;
mod record;

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use clap::Args;

use self::lines::File;
use crate::cache::{self, Cache};
use crate::report::Report;
use crate::tool;

const VERSION: &str = "0.37.5";
const RECORD: &str = "tests/data/coverage.tsv";
const PAGE: &str = "docs/coverage.md";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only write the page of what was counted
    #[arg(long)]
    page_only: bool,
}

/// What is run.
#[derive(Debug, Clone, Copy)]
enum Tests {
    /// The inputs of the fuzz targets: seeds, mutated seeds, and all that are kept.
    Inputs,
    /// All tests of the loader.
    All,
}

impl Tests {
    const fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::All => "all",
        }
    }

    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Inputs => &["--test", "corpora"],
            Self::All => &["--lib", "--tests"],
        }
    }
}

/// Counts, and returns whether each module that the inputs do not reach has its reason.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    if !options.page_only {
        let report = Report::new();
        let (inputs, all) = (count(cache, report, Tests::Inputs)?, count(cache, report, Tests::All)?);
        fs::write(cache.workspace(RECORD), record::write(&record::rows(&inputs, all))).context(RECORD)?;
    }
    let rows = record::read(&fs::read_to_string(cache.workspace(RECORD)).context(RECORD)?)?;
    fs::write(cache.workspace(PAGE), page::page(&rows)).context(PAGE)?;
    let unexplained = page::unexplained(&rows);
    unexplained
        .iter()
        .for_each(|name| println!("{name}: tests/vm/src/covered/reasons.rs does not say why it is not reached"));
    Ok(unexplained.is_empty())
}

/// Runs the tests with counters in the code, by cargo-tarpaulin.
fn count(cache: &Cache, report: Report, tests: Tests) -> Result<Vec<File>> {
    cache::installed(cache, report, "cargo-tarpaulin", VERSION)?;
    let program = cache.path(format!("cargo-tarpaulin-{VERSION}/bin/cargo-tarpaulin"));
    let folder = cache.path(format!("coverage/{}", tests.name()));
    fs::create_dir_all(&folder)?;
    report.step(format_args!("count   the lines that are reached: {}", tests.name()), || {
        let mut tarpaulin = Command::new(&program);
        tarpaulin.current_dir(cache.workspace("")).stdin(Stdio::null());
        tarpaulin.args([
            "tarpaulin",
            "--engine",
            "llvm",
            "--skip-clean",
            "--packages",
            "skexec",
            "--include-files",
            "src/*",
        ]);
        tarpaulin.args(["--out", "Json", "--timeout", "3600", "--color", "never", "--output-dir"]).arg(&folder);
        tarpaulin.arg("--target-dir").arg(cache.path("coverage/target"));
        tool::run(tarpaulin.args(tests.words()))
    })?;
    let said = fs::read_to_string(folder.join("tarpaulin-report.json"))?;
    lines::read(&said, &cache.workspace(""))
}
