//! `skexec refresh --hardware`: loads the crash kernel again after processors or memory have come or gone.

use super::{NEVER, PATIENCE, PIPE, Refreshed, again, left, refused, request, say};
use crate::cli::output::Output;
use crate::record::Records;
use crate::refresh::{Held, held_for_other_hardware};
use crate::sources::policy::Refresh;
use crate::system::{Slot, System};
use anyhow::Context as _;

const SLOT: Slot = Slot::Panic;
/// Loads in a row, each because the hardware has changed during the one before.
const ROUNDS: usize = 4;

/// Loads until the crash kernel was loaded for the processors and the memory that there are: an event that comes during a load need not
/// start another command. Nothing when another skexec is at work for long.
pub(super) fn run(
    system: System<'_>,
    policy: Refresh,
    output: &mut Output<'_>,
) -> anyhow::Result<Option<Vec<Refreshed>>> {
    if policy == Refresh::Never {
        return Ok(Some(vec![left(SLOT, NEVER.into(), output)?]));
    }
    // What is decided by the record must still be so when it is done.
    let records = Records::lock_within(system.root, PATIENCE).context("cannot lock /run/skexec")?;
    let Some(records) = records else { return Ok(None) };
    let mut refreshed = one(system, &records, output)?;
    for _ in 1..ROUNDS {
        if refreshed.result != LOADED || !matches!(held_for_other_hardware(system.root), Held::Asked(_)) {
            break;
        }
        refreshed = one(system, &records, output)?;
    }
    Ok(Some(vec![refreshed]))
}

/// What [`again`] answers where it has loaded.
const LOADED: &str = "loaded";

fn one(system: System<'_>, records: &Records, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    let asked = match held_for_other_hardware(system.root) {
        Held::Asked(asked) => asked,
        Held::Other(why) => return left(SLOT, why, output),
        Held::Nothing => {
            say(output, "no crash kernel is loaded")?;
            return Ok(Refreshed::new(SLOT, "nothing"));
        }
    };
    match request(system.root, &asked) {
        Ok(request) if request.asked.is_none() => left(SLOT, PIPE.into(), output),
        Ok(request) => again(system, SLOT, &asked, &request, records, output),
        Err(finding) => refused(SLOT, &finding, output),
    }
}
