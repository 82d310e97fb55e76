//! `cargo xtask mutants`: the code is broken in one place at a time, and a test has to notice. What was tried is kept in
//! tests/data/mutants.tsv, and docs/mutants.md is made of it.

mod known;
mod modules;
mod page;
mod reasons;
mod run;
mod switch;
mod switched;
mod tree;

use std::fs;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use self::known::{End, Known};
use self::modules::{MODULES, Module};
use self::run::{Mutant, Tool};
use self::switched::Switched;
use crate::cache::Cache;
use crate::report::Report;

const PAGE: &str = "docs/mutants.md";
const KNOWN: &str = "tests/data/mutants.tsv";
/// As many are tried between two writes of what is known.
const BATCH: usize = 8;

#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only each Nth mutant, from the Kth on: 0/20 is a twentieth
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Only the mutants of files whose path contains this
    #[arg(long, value_name = "PART")]
    file: Option<String>,
    /// Begin no mutant after so many minutes
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// How many mutants are tried at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    at_once: Option<NonZeroUsize>,
    /// Also try again what was tried since its file was last changed
    #[arg(long)]
    again: bool,
    /// Only write the page of what was tried before
    #[arg(long)]
    page_only: bool,
}

/// `K/N`, where K is below N.
fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(k, n)| k < n).ok_or_else(|| "write K/N, with K below N".to_owned())
}

/// Tries mutants, and returns whether each that survived has its reason.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    let (known, all) = attempt(cache, options)?;
    let page = page::page(&all, &known);
    fs::write(cache.workspace(PAGE), &page).context(PAGE)?;
    println!("{page}");
    let unexplained = page::unexplained(&all, &known);
    unexplained.iter().for_each(|name| println!("survived, and tests/vm/src/mutants/reasons.rs has no reason: {name}"));
    Ok(unexplained.is_empty())
}

type All = Vec<(&'static Module, Mutant)>;

fn attempt(cache: &Cache, options: &Options) -> Result<(Known, All)> {
    let report = Report::new();
    let tool = Tool::install(cache, report)?;
    report.step("copy    the source into a folder of its own", || tree::copy(&cache.workspace(""), tool.tree()))?;
    let mut all = All::new();
    for module in &MODULES {
        all.extend(tool.list(module)?.into_iter().map(|mutant| (module, mutant)));
    }
    let mut known = Known::read(&cache.workspace(KNOWN))?;
    known.keep(&all);
    if !options.page_only {
        let start = Instant::now();
        let is_over = || options.minutes.is_some_and(|minutes| start.elapsed() > Duration::from_secs(60 * minutes));
        let before = if options.again { Known::default() } else { known.clone() };
        let todo: Vec<_> = chosen(&all, options, &before).into_iter().cloned().collect();
        println!("{} of {} mutants are to be tried", todo.len(), all.len());
        let at_once =
            options.at_once.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let todo = with_switches(cache, report, &all, todo, &mut known, (at_once, &is_over))?;
        println!("{} of them have no switch, and are built one by one", todo.len());
        for module in &MODULES {
            let own: Vec<_> = todo.iter().filter(|(of, _)| of.name == module.name).map(|(_, mutant)| mutant).collect();
            for batch in own.chunks(BATCH).take_while(|_| !is_over()) {
                tool.attempt(module, batch, &mut known)?;
                known.write(&cache.workspace(KNOWN))?;
            }
        }
    }
    Ok((known, all))
}

/// Tries what can be tried in one build, several at the same time; the others remain.
fn with_switches(
    cache: &Cache,
    report: Report,
    all: &All,
    todo: All,
    known: &mut Known,
    (at_once, is_over): (usize, &(impl Fn() -> bool + Sync)),
) -> Result<All> {
    if todo.is_empty() {
        return Ok(todo);
    }
    let mutants: Vec<_> = all.iter().map(|(_, mutant)| mutant.clone()).collect();
    let switched = Switched::prepare(cache, report, &mutants)?;
    let (left, known, without) = (Mutex::new(todo.into_iter()), Mutex::new(known), Mutex::new(All::new()));
    let path = cache.workspace(KNOWN);
    let work = || -> Result<()> {
        while !is_over() {
            let Some((module, mutant)) = lock(&left).next() else { break };
            let number = mutants.iter().position(|one| *one == mutant).context("a mutant is one of all")?;
            let Some(end) = switched.attempt(module, number)? else {
                lock(&without).push((module, mutant));
                continue;
            };
            println!("{} {}", end.word(), mutant.name);
            let mut known = lock(&known);
            known.note(&mutant, end);
            if number % BATCH == 0 {
                known.write(&path)?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    lock(&known).write(&path)?;
    without.into_inner().map_err(|_| anyhow::anyhow!("a thread panicked"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The mutants that are asked for, without those whose end is known.
fn chosen<'a>(all: &'a All, options: &Options, known: &Known) -> Vec<&'a (&'static Module, Mutant)> {
    let part = options.file.as_deref().unwrap_or_default();
    let of_file = all.iter().filter(|(_, mutant)| mutant.file.contains(part)).enumerate();
    let of_shard = of_file.filter(|(index, _)| options.shard.is_none_or(|(k, n)| index % n == k));
    // What has survived may have a test now.
    let wanted = of_shard.filter(|(_, (_, mutant))| !matches!(known.end(mutant), Some(End::Caught | End::Unviable)));
    wanted.map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_part() {
        assert_eq!(shard("0/20"), Ok((0, 20)));
        for text in ["", "1", "/", "2/2", "3/2", "-1/2", "1/0", "0/0"] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
