//! The causes of docs/causes.md, each as foretold, and the page as it was written.

use std::fs;

use anyhow::{Context, Result};

use super::Stage;
use crate::causes::list::GUESTS;
use crate::causes::{self, PAGE};
use crate::checks::Checks;
use crate::fetch::Series;

pub(super) fn plain(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("plain", stage, checks)
}

pub(super) fn lockdown(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("lockdown", stage, checks)
}

pub(super) fn secure_boot(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("secure-boot", stage, checks)
}

pub(super) fn ima(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("ima", stage, checks)
}

pub(super) fn crash(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("crash", stage, checks)
}

pub(super) fn forged(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    play("forged", stage, checks)
}

fn play(name: &str, stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let guest = GUESTS.iter().find(|guest| guest.name == name).context("no such guest")?;
    let series = if stage.first.release.starts_with("6.1.") { Series::V6_1 } else { Series::V6_12 };
    let rows = causes::play(guest, series, stage.name, &stage.first, stage.lab, checks)?;
    let page = stage.lab.workspace(PAGE);
    let page = fs::read_to_string(&page).with_context(|| page.display().to_string())?;
    causes::compare(guest, series, &rows, checks, &page);
    Ok(())
}
