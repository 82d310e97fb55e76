//! `cargo xtask mutants`: the code is broken in one place at a time, and a test has to notice. What was tried is kept in
//! tests/data/mutants.tsv, and docs/mutants.md is made of it.

mod known;
mod modules;
mod page;
mod reasons;
mod run;
mod session;
mod switch;
mod switched;
mod tree;

use std::fs;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;

use self::known::{End, Known};
use self::modules::Module;
use self::run::Mutant;
use self::session::Session;
use crate::cache::Cache;

const PAGE: &str = "docs/mutants.md";
const KNOWN: &str = "tests/data/mutants.tsv";
/// The file whose mutants show that the command works.
const CHECKED: &str = "src/trust/time.rs";

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

type All = Vec<(&'static Module, Mutant)>;

/// Tries mutants, and returns whether each that survived has its reason.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    let mut session = Session::open(cache, cache.workspace(KNOWN))?;
    if !options.page_only {
        session.end = options.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
        let before = if options.again { Known::default() } else { session.known.clone() };
        let todo = chosen(&session.all, options, &before).into_iter().cloned().collect();
        let processors = || std::thread::available_parallelism().ok();
        session.attempt(todo, options.at_once.or_else(processors).map_or(1, NonZeroUsize::get))?;
    }
    let page = page::page(&session.all, &session.known);
    fs::write(cache.workspace(PAGE), &page).context(PAGE)?;
    println!("{page}");
    let unexplained = page::unexplained(&session.all, &session.known);
    unexplained.iter().for_each(|name| println!("survived, and tests/vm/src/mutants/reasons.rs has no reason: {name}"));
    Ok(unexplained.is_empty())
}

/// The mutants of one small file, without record and page: each has an end, and most are noticed.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    let record = cache.path("mutants/checked.tsv");
    let _ = fs::remove_file(&record);
    let mut session = Session::open(cache, record)?;
    let todo: All = session.all.iter().filter(|(_, mutant)| mutant.file == CHECKED).cloned().collect();
    session.attempt(todo.clone(), 1)?;
    let ends: Vec<_> = todo.iter().map(|(_, mutant)| session.known.end(mutant)).collect();
    let caught = ends.iter().filter(|end| **end == Some(End::Caught)).count();
    ensure!(2 * caught > ends.len() && !ends.contains(&None), "{ends:?}");
    Ok(())
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
