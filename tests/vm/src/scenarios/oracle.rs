//! The forged files in one guest: the kernel gives the recorded answers, and skexec the expected verdicts.

use anyhow::Result;

use super::Stage;
use crate::checks::Checks;
use crate::oracle::{self, Comparison};

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let cases = forge::cases();
    let session = oracle::about(&cases, stage.name, &stage.first, stage.lab)?;
    let compared = Comparison::of(&cases, &session, &oracle::recorded()?);
    let Comparison { asked, judged, from_record, verdicts, predictions, .. } = &compared;
    checks.holds("at least 200 files were judged by both", *asked >= 200 && *judged >= 200, &compared);
    let check = format!("{asked} answers of the kernel are the recorded ones");
    checks.holds(&check, from_record.is_empty(), from_record);
    checks.holds(&format!("{judged} verdicts of skexec are right"), verdicts.is_empty(), verdicts);
    checks.holds("skexec foretold the reference kernel's answers", predictions.is_empty(), predictions);
    Ok(())
}
