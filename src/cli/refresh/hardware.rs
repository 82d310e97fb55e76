//! `skexec refresh --hardware`: loads the crash kernel again after processors or memory have come or gone.

use super::{NEVER, PIPE, Refreshed, again, left, refused, request, say};
use crate::cli::output::Output;
use crate::reason::{Finding, Reason};
use crate::record::{Asked, Records};
use crate::refresh::{Held, held_for_other_hardware};
use crate::sources::policy::Refresh;
use crate::system::{Slot, System};
use anyhow::Context as _;
use std::time::Duration;

const SLOT: Slot = Slot::Panic;
/// Loads in a row: the hardware may change during each, or one may have to be tried again.
const ROUNDS: usize = 16;
/// Before a load that is tried again, and twice as long each time: memory may come free, another program be done.
const PAUSE: Duration = Duration::from_millis(500);
/// A load that would be tried again after a longer pause has failed for good.
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// Nobody repeats this command, and the next event may be far away.
const PATIENCE: Duration = Duration::from_secs(600);
/// What [`again`] answers where it has loaded.
const LOADED: &str = "loaded";
const CHANGING: &str = "processors or memory changed during each of sixteen loads";

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
    let mut asked = match held_for_other_hardware(system.root) {
        Held::Asked(asked) => *asked,
        Held::Other(why) => return Ok(Some(vec![left(SLOT, why, output)?])),
        Held::Nothing => {
            say(output, "no crash kernel is loaded")?;
            return Ok(Some(vec![Refreshed::new(SLOT, "nothing")]));
        }
    };
    let mut refreshed = once(system, &asked, &records, output)?;
    let mut pause = PAUSE;
    for _ in 1..ROUNDS {
        match next(system, &refreshed) {
            Next::Nothing => return Ok(Some(vec![refreshed])),
            Next::Changed(now) => asked = *now,
            Next::Again if pause > LAST_PAUSE => return Ok(Some(vec![refreshed])),
            Next::Again => {
                std::thread::sleep(pause);
                pause *= 2;
            }
        }
        refreshed = once(system, &asked, &records, output)?;
    }
    if let Next::Changed(_) = next(system, &refreshed) {
        let finding = Finding::new(Reason::Busy, CHANGING);
        refreshed = refused(SLOT, &finding, output)?;
    }
    Ok(Some(vec![refreshed]))
}

/// What is to be done after a load.
enum Next {
    Nothing,
    /// Once more: the hardware has changed meanwhile.
    Changed(Box<Asked>),
    /// The same again: another program was loading; or the call failed when the running kernel had freed the earlier crash kernel, and no
    /// record tells a later command what to load.
    Again,
}

fn next(system: System<'_>, refreshed: &Refreshed) -> Next {
    match held_for_other_hardware(system.root) {
        Held::Asked(now) if refreshed.result == LOADED => Next::Changed(now),
        Held::Nothing if refreshed.result != LOADED => Next::Again,
        Held::Asked(_) if refreshed.reason == Some(Reason::Busy.slug()) => Next::Again,
        _ => Next::Nothing,
    }
}

fn once(system: System<'_>, asked: &Asked, records: &Records, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    match request(system.root, asked) {
        Ok(request) if request.asked.is_none() => left(SLOT, PIPE.into(), output),
        Ok(request) => again(system, SLOT, asked, &request, records, output),
        Err(finding) => refused(SLOT, &finding, output),
    }
}
