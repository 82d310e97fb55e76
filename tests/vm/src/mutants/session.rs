//! Mutants are tried, and what became of them is written down.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::All;
use super::known::Known;
use super::modules::MODULES;
use super::run::Tool;
use super::switched::{PACKAGE, Switched};
use super::tree;
use crate::cache::Cache;
use crate::report::Report;

/// As many are tried between two writes of what is known.
const BATCH: usize = 8;

#[derive(Debug)]
pub(crate) struct Session<'a> {
    cache: &'a Cache,
    report: Report,
    tool: Tool,
    pub(crate) all: All,
    pub(crate) known: Known,
    record: PathBuf,
    /// No mutant is begun after that.
    pub(crate) end: Option<Instant>,
}

impl<'a> Session<'a> {
    /// Lists all mutants, and reads what is known of them.
    pub(crate) fn open(cache: &'a Cache, record: PathBuf) -> Result<Self> {
        let report = Report::new();
        let tool = Tool::install(cache, report)?;
        report.step("copy    the source into a folder of its own", || tree::copy(&cache.workspace(""), tool.tree()))?;
        let mut all = All::new();
        for module in &MODULES {
            all.extend(tool.list(module)?.into_iter().map(|mutant| (module, mutant)));
        }
        let mut known = Known::read(&record)?;
        known.keep(&all);
        Ok(Self { cache, report, tool, all, known, record, end: None })
    }

    /// Tries what can be tried in one build, several at the same time; then the others, each in a build of its own.
    pub(crate) fn attempt(&mut self, todo: All, at_once: usize) -> Result<()> {
        println!("{} of {} mutants are to be tried", todo.len(), self.all.len());
        let (own, mut left): (All, All) = todo.into_iter().partition(|(_, mutant)| mutant.package == PACKAGE);
        if !own.is_empty() {
            left.extend(self.with_switches(own, at_once)?);
        }
        println!("{} of them have no switch, and are built one by one", left.len());
        self.one_by_one(&left)
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() > end)
    }

    fn with_switches(&mut self, todo: All, at_once: usize) -> Result<All> {
        let mutants: Vec<_> = self.all.iter().map(|(_, mutant)| mutant.clone()).collect();
        let switched = Switched::prepare(self.cache, self.report, &mutants)?;
        let (left, without) = (Mutex::new(todo.into_iter()), Mutex::new(All::new()));
        let known = Mutex::new(std::mem::take(&mut self.known));
        let work = || -> Result<()> {
            while !self.is_over() {
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
                    known.write(&self.record)?;
                }
            }
            Ok(())
        };
        let worked = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
        });
        self.known = known.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.known.write(&self.record)?;
        worked?;
        Ok(without.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn one_by_one(&mut self, todo: &All) -> Result<()> {
        for module in &MODULES {
            let own: Vec<_> = todo.iter().filter(|(of, _)| of.name == module.name).map(|(_, mutant)| mutant).collect();
            for batch in own.chunks(BATCH) {
                if self.is_over() {
                    return Ok(());
                }
                self.tool.attempt(module, batch, &mut self.known)?;
                self.known.write(&self.record)?;
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
