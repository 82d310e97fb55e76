//! `cargo xtask causes`: each cause of an errno is produced in a guest, and the answers of the kernel, of skexec and of kexec-tools are
//! written to docs/causes.md.

pub(crate) mod list;
mod page;
mod play;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::checks::Checks;
use crate::fetch::{Choice, Series};
use crate::lab::Lab;
use crate::machine::Accel;
use crate::report::Report;

pub(crate) use self::list::Guest;
pub(crate) use self::play::play;

use self::list::GUESTS;
use self::page::{Page, Row, Section};

pub(crate) const PAGE: &str = "docs/causes.md";

/// The kernels; of the second, the page has only what differs from the first.
pub(crate) const SERIES: [Series; 2] = [Series::V6_12, Series::V6_1];

/// Plays every guest, or only the first, and writes what was seen to `page`. Whether everything was as foretold.
pub(crate) fn run(cache: &Cache, page: &Path, accel: Accel, first_only: bool) -> Result<bool> {
    let report = Report::new();
    report.heading("Preparing");
    let lab = Lab::open(cache, accel)?;
    let mut checks = Checks::new(report);
    let mut sections = vec![];
    for guest in GUESTS.iter().take(if first_only { 1 } else { GUESTS.len() }) {
        for series in SERIES {
            let name = format!("causes-{}", guest.section(series));
            report.heading(format_args!("{name}: {}", guest.about));
            let kernel = lab.kernel(&Choice::Debian(series))?;
            let rows = play(guest, series, &name, &kernel, &lab, &mut checks)?;
            sections.push(Section { guest, series, rows });
        }
    }
    let before = fs::read_to_string(cache.workspace(PAGE)).context(PAGE)?;
    fs::write(page, page::written(&before, &sections)?).with_context(|| page.display().to_string())?;
    println!("\n{} passed, {} failed; written to {}", checks.passed, checks.failed, page.display());
    Ok(checks.failed == 0)
}

/// The smallest run, as a check.
pub(crate) fn check(cache: &Cache) -> Result<()> {
    ensure!(run(cache, &cache.path("run/causes.md"), Accel::Tcg, true)?, "not everything was as foretold");
    Ok(())
}

/// Compares what was seen in one guest with the page.
pub(crate) fn compare(guest: &Guest, series: Series, rows: &[Row], checks: &mut Checks, page: &str) {
    let page = Page::read(page);
    for row in rows {
        let own = [series, SERIES[0]].map(|series| guest.section(series));
        let wanted = own.iter().find_map(|section| page.line(section, &row.key()));
        checks.equal(
            &format!("{PAGE}: {}: {}", row.cause, row.about),
            &Some(row.to_string()),
            &wanted.map(str::to_owned),
        );
    }
}
