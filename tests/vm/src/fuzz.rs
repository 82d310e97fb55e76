//! `cargo xtask fuzz`: libFuzzer runs each target of tests/fuzz for so many seconds, and docs/fuzzing.md has what all runs have done.

mod build;
mod page;
mod record;
mod run;

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, ensure};
use clap::Args;

use self::build::Fuzzer;
use self::record::Run;
use crate::cache::Cache;
use crate::report::Report;

const FOLDER: &str = "tests/fuzz";
const RECORD: &str = "tests/fuzz/runs.tsv";
const PAGE: &str = "docs/fuzzing.md";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these targets [default: all]
    targets: Vec<String>,
    /// For how long each target runs
    #[arg(long, value_name = "N", default_value_t = 600)]
    seconds: u64,
    /// How many targets run at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    at_once: Option<NonZeroUsize>,
    /// Only write the page of the runs that are recorded
    #[arg(long)]
    page_only: bool,
}

/// Fuzzes, and returns whether no input broke its property. Each run is recorded as soon as it has ended.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    let all = targets(cache)?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        anyhow::bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    let mut clean = true;
    if !options.page_only {
        let wanted = if options.targets.is_empty() { &all } else { &options.targets };
        let fuzzer = Fuzzer::build(cache, Report::new(), wanted)?;
        clean = attempt(cache, &fuzzer, wanted, options)?;
    }
    let record = fs::read_to_string(cache.workspace(RECORD)).context(RECORD)?;
    let page = page::page(&all, &record::read(&record)?);
    fs::write(cache.workspace(PAGE), page).context(PAGE)?;
    Ok(clean)
}

/// One target for two seconds, without record and page. Only a machine with a nightly compiler can build it, and where there is none, that
/// is said.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    if !build::has_nightly() {
        println!("no nightly compiler is installed here: nothing was fuzzed");
        return Ok(());
    }
    let target = "sbat".to_owned();
    let fuzzer = Fuzzer::build(cache, Report::new(), std::slice::from_ref(&target))?;
    let run = run::run(cache, &fuzzer, &target, 2)?;
    ensure!(run.executions > 0 && run.finds == 0, "{run:?}");
    Ok(())
}

/// The names of all targets, in order.
fn targets(cache: &Cache) -> Result<Vec<String>> {
    let folder = cache.workspace(FOLDER).join("targets");
    let files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().context(FOLDER)?;
    let mut names: Vec<_> =
        files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn attempt(cache: &Cache, fuzzer: &Fuzzer, targets: &[String], options: &Options) -> Result<bool> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = options.at_once.map_or(processors, NonZeroUsize::get);
    let (left, finds) = (Mutex::new(targets.iter()), Mutex::new(0));
    let work = || -> Result<()> {
        while let Some(target) = left.lock().ok().and_then(|mut left| left.next()) {
            let run = run::run(cache, fuzzer, target, options.seconds)?;
            if let Ok(mut finds) = finds.lock() {
                println!("{run}");
                *finds += run.finds;
                append(cache, &run)?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?)
    })?;
    Ok(finds.into_inner().is_ok_and(|finds| finds == 0))
}

fn append(cache: &Cache, run: &Run) -> Result<()> {
    let path = cache.workspace(RECORD);
    let text = fs::read_to_string(&path).context(RECORD)?;
    fs::write(&path, text + &run.line()).context(RECORD)
}
