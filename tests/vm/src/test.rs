//! `cargo xtask test`: the tests on the host, then the scenarios in the guests.

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cache::{self, Cache};
use crate::checks::Checks;
use crate::lab::Lab;
use crate::manual;
use crate::real_files;
use crate::report::Report;
use crate::scenarios::{self, Instead, Scenario};
use crate::smoke::{self, Smoke};
use crate::{Kernels, Test};

pub(crate) fn run(cache: &Cache, options: &Test) -> Result<ExitCode> {
    let report = Report::new();
    report.heading("Tests on this machine");
    let on_host = on_host(cache, options.filter.as_deref())?;

    let chosen = chosen(options);
    let mut checks = Checks::new(report);
    if options.filter.as_deref().is_none_or(|filter| "real-files".contains(filter)) {
        report.heading("real-files: docs/real-files.md is up to date");
        if let Err(error) = real_files::check(cache, &mut checks) {
            checks.broken("real-files", &error);
        }
    }
    if options.filter.as_deref().is_none_or(|filter| "manual".contains(filter)) {
        report.heading("manual: groff finds no fault in the manual pages");
        if let Err(error) = manual::check(cache, &mut checks) {
            checks.broken("manual", &error);
        }
    }
    let (beside, alone): (Vec<_>, Vec<_>) = smoke::ALL
        .iter()
        .filter(|command| is_chosen(command, options))
        .partition(|command| command.is_beside_the_guests() && !chosen.is_empty());
    thread::scope(|scope| {
        let mut running = Vec::new();
        if !chosen.is_empty() {
            report.heading("Preparing the guests");
            let lab = Lab::open(cache, options.emulation.accel)?;
            // A guest takes little more than one processor.
            running.extend(beside.iter().map(|command| (command, scope.spawn(|| (command.run)(cache)))));
            play(&lab, &chosen, options, &mut checks);
        }
        for (command, run) in running {
            report.heading(format_args!("{}: {}", command.name, command.about));
            let end = run.join().unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")));
            note(command, end, &mut checks);
        }
        anyhow::Ok(())
    })?;
    for command in alone {
        let start = Instant::now();
        report.heading(format_args!("{}: {}", command.name, command.about));
        note(command, (command.run)(cache), &mut checks);
        report.line(start.elapsed(), "in all");
    }
    if !on_host {
        println!("\nthe tests on this machine FAILED");
    }
    println!("\n{} passed, {} failed", checks.passed, checks.failed);
    Ok(if on_host && checks.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(lab: &Lab<'_>, chosen: &[Scenario], options: &Test, checks: &mut Checks) {
    let report = Report::new();
    let Kernels { kernel, first_kernel, .. } = &options.kernels;
    let instead = Instead { first: first_kernel.as_ref(), second: kernel.as_ref() };
    for scenario in chosen {
        let start = Instant::now();
        report.heading(format_args!("{}: {}", scenario.name, scenario.about));
        if let Err(error) = scenario.run(lab, instead, checks) {
            checks.broken(&scenario.name, &error);
        }
        report.line(start.elapsed(), "in all");
    }
}

fn note(command: &Smoke, end: Result<()>, checks: &mut Checks) {
    match end {
        Ok(()) => checks.holds(command.name, true, &()),
        Err(error) => checks.broken(command.name, &error),
    }
}

/// A filter that is the whole name of a scenario selects only that one, even if it is a part of other names.
fn chosen(options: &Test) -> Vec<Scenario> {
    let mut all = scenarios::all();
    match &options.filter {
        Some(filter) if all.iter().any(|scenario| scenario.name == *filter) => {
            all.retain(|scenario| scenario.name == *filter)
        }
        Some(filter) => all.retain(|scenario| scenario.name.contains(filter.as_str())),
        None => all.retain(|scenario| scenario.representative || options.all),
    }
    all
}

/// Commands are slow and fetch programs that nothing else needs, so nearly all of them run only with `--all`, and otherwise those
/// that the filter selects.
fn is_chosen(command: &Smoke, options: &Test) -> bool {
    options.filter.as_deref().map_or(options.all || command.representative(), |filter| command.name.contains(filter))
}

/// Runs `cargo test`, with its own output.
fn on_host(cache: &Cache, filter: Option<&str>) -> Result<bool> {
    let mut test = cache::cargo();
    test.current_dir(cache.workspace("")).args(["test", "--workspace", "--no-fail-fast"]).args(filter);
    Ok(test.status().context("cannot start cargo")?.success())
}
