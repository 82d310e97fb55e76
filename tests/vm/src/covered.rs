//! `cargo xtask coverage`: which lines of skexec the inputs of the fuzz targets reach. What was counted is kept in
//! tests/data/coverage.tsv, and docs/coverage.md is made of it.

mod lines;
mod page;
mod reasons;

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
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

/// Counts, and returns whether each module of which much is not reached has its reason.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    if !options.page_only {
        let files = count(cache, Report::new())?;
        fs::write(cache.workspace(RECORD), lines::write(&files)).context(RECORD)?;
    }
    let files = lines::read(&fs::read_to_string(cache.workspace(RECORD)).context(RECORD)?)?;
    fs::write(cache.workspace(PAGE), page::page(&files)).context(PAGE)?;
    let unexplained = page::unexplained(&files);
    unexplained
        .iter()
        .for_each(|name| println!("{name}: tests/vm/src/covered/reasons.rs does not say why it is not reached"));
    Ok(unexplained.is_empty())
}

/// Counts, and leaves the record and the page as they are.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    let files = count(cache, Report::new())?;
    ensure!(files.iter().any(|file| file.reached > 0), "no line was reached");
    Ok(())
}

/// Replays the inputs with counters in the code, by cargo-tarpaulin.
fn count(cache: &Cache, report: Report) -> Result<Vec<File>> {
    cache::installed(cache, report, "cargo-tarpaulin", VERSION)?;
    let program = cache.path(format!("cargo-tarpaulin-{VERSION}/bin/cargo-tarpaulin"));
    let folder = cache.path("coverage");
    fs::create_dir_all(&folder)?;
    report.step("count   the lines that the inputs of the fuzz targets reach", || {
        let mut tarpaulin = Command::new(&program);
        tarpaulin.current_dir(cache.workspace("")).stdin(Stdio::null());
        tarpaulin.args(["tarpaulin", "--engine", "llvm", "--skip-clean", "--packages", "skexec", "--include-files"]);
        tarpaulin.args(["src/*", "--test", "corpora", "--out", "Json", "--timeout", "3600", "--color", "never"]);
        tarpaulin.arg("--output-dir").arg(&folder).arg("--target-dir").arg(folder.join("target"));
        tool::run(&mut tarpaulin)
    })?;
    // What the counters of build.rs leave.
    let _ = fs::remove_file(cache.workspace("build_rs_cov.profraw"));
    lines::of_report(&fs::read_to_string(folder.join("tarpaulin-report.json"))?, &cache.workspace(""))
}
