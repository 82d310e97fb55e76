//! The forged files given to the firmware under Secure Boot: what it refuses, skexec refuses too. No kernel is booted.

use anyhow::Result;

use super::Stage;
use crate::checks::Checks;
use crate::oracle::Firmware;

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let firmware = Firmware::asked(stage.name, stage.lab)?;
    let count = firmware.count();
    let changed = firmware.unlike_the_record()?;
    checks.holds(&format!("{count} answers of the firmware are the recorded ones"), changed.is_empty(), &changed);
    let trusted = firmware.trusted();
    checks.holds("what the firmware refuses, skexec refuses", trusted.is_empty(), &trusted);
    Ok(())
}
