//! `cargo xtask siege`: attacks with random seeds, for minutes on this machine and then in guests, and docs/siege.md.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::Emulation;
use crate::cache::{self, Cache};
use crate::checks::Checks;
use crate::lab::Lab;
use crate::report::Report;
use crate::scenarios::{self, Instead, Scenario, siege};

/// The page that it writes; `tests/siege` writes the part about the attacks on the host.
const PAGE: &str = "docs/siege.md";
const BEGIN: &str = "<!-- guests -->\n";
const END: &str = "<!-- end -->\n";
/// Kills in a guest take a second each and more, and those on this machine a tenth of that.
const KILLS_A_MINUTE: u64 = 10;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many minutes the attacks on this machine take; the kills in the guests become more with them
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u64,
    /// Begin with this seed, as an earlier run did, instead of another one each time
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    #[command(flatten)]
    emulation: Emulation,
}

/// Attacks, and returns whether all attacks were withstood. The page is written only then.
pub(crate) fn run(cache: &Cache, options: &Options) -> Result<bool> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::from_secs(1)).as_secs();
    let seed = options.seed.unwrap_or_else(now);
    println!("cargo xtask siege --minutes {} --seed {seed} repeats this run", options.minutes);
    let on_host = on_host(cache, options.minutes, seed, true)?;
    let asked = siege::Asked { kills: (KILLS_A_MINUTE * options.minutes).max(siege::KILLS), seed };
    let in_guests = in_guests(cache, options, asked, "siege")?;
    if on_host && in_guests {
        let path = cache.workspace(PAGE);
        let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        fs::write(&path, with_table(&page, &siege::table(asked.kills))?)?;
    }
    Ok(on_host && in_guests)
}

/// The same in short, with one guest, and without the page.
pub(crate) fn check(cache: &Cache, emulation: Emulation) -> Result<()> {
    let options = Options { minutes: 0, seed: None, emulation };
    let asked = siege::Asked { kills: siege::KILLS, seed: 1 };
    let withstood = on_host(cache, options.minutes, 1, false)? && in_guests(cache, &options, asked, "siege-6.1")?;
    anyhow::ensure!(withstood, "an attack was not withstood");
    Ok(())
}

fn on_host(cache: &Cache, minutes: u64, seed: u64, writes: bool) -> Result<bool> {
    let mut test = cache::cargo();
    test.current_dir(cache.workspace("")).args(["test", "--package", "skexec", "--test", "siege"]);
    test.env("SKEXEC_SIEGE_MINUTES", minutes.to_string()).env("SKEXEC_SIEGE_SEED", seed.to_string());
    if writes {
        test.env("BLESS", "1");
    }
    Ok(test.status().context("cannot start cargo")?.success())
}

fn in_guests(cache: &Cache, options: &Options, asked: siege::Asked, which: &str) -> Result<bool> {
    let report = Report::new();
    let lab = Lab::open(cache, options.emulation.accel)?;
    let mut checks = Checks::new(report);
    siege::ask(asked);
    for scenario in chosen(which, asked.seed) {
        report.heading(format_args!("{}: {}", scenario.name, scenario.about));
        if let Err(error) = scenario.run(&lab, Instead { first: None, second: None }, &mut checks) {
            checks.broken(&scenario.name, &error);
        }
    }
    println!("\n{} passed, {} failed", checks.passed, checks.failed);
    Ok(checks.failed == 0 && checks.passed > 0)
}

/// One scenario; or, by the name of all, every one that attacks, and some of the odd machines.
fn chosen(which: &str, seed: u64) -> Vec<Scenario> {
    let whole = |name: &str| {
        name == which || which == "siege" && ["siege-", "dirty-"].iter().any(|kind| name.starts_with(kind))
    };
    let (odd, others): (Vec<_>, Vec<_>) =
        scenarios::all().into_iter().partition(|scenario| scenario.name.starts_with("odd-"));
    let mut chosen: Vec<_> = others.into_iter().filter(|scenario| whole(&scenario.name)).collect();
    if which == "siege" {
        let count = u64::try_from(odd.len()).unwrap_or(1).max(1);
        let drawn = [seed % count, (seed / count) % count];
        chosen.extend((0..).zip(odd).filter(|(at, _)| drawn.contains(at)).map(|(_, scenario)| scenario));
    }
    chosen
}

fn with_table(page: &str, table: &str) -> Result<String> {
    let (head, rest) = page.split_once(BEGIN).context("the page has no place for the guests")?;
    let (_, tail) = rest.split_once(END).context("the page has no end of the guests")?;
    Ok(format!("{head}{BEGIN}{table}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_seed_draws_odd_machines() {
        let names = |which, seed| chosen(which, seed).into_iter().map(|scenario| scenario.name).collect::<Vec<_>>();
        assert_eq!(names("siege-6.1", 1), ["siege-6.1"]);
        let all = names("siege", 1);
        assert!(all.iter().any(|name| name.starts_with("dirty-")), "{all:?}");
        assert_eq!(all.iter().filter(|name| name.starts_with("odd-")).count(), 2);
        assert_ne!(all, names("siege", 2));
    }

    #[test]
    fn the_page_has_what_is_done_in_guests() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/siege.md");
        let page = fs::read_to_string(&path).unwrap();
        let kills =
            page.split_once("kills at random moments of real loads | ").and_then(|(_, rest)| rest.split_once(' '));
        let kills = kills.map_or(siege::KILLS, |(kills, _)| kills.parse().unwrap());
        let wanted = with_table(&page, &siege::table(kills)).unwrap();
        if std::env::var_os("BLESS").is_some() {
            fs::write(path, wanted).unwrap();
        } else {
            assert_eq!(wanted, page, "cargo xtask siege, or BLESS=1 cargo test --package xtask siege");
        }
    }
}
