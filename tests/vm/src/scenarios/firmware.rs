//! The forged files given to the firmware under Secure Boot: what it refuses, skexec refuses too.

use anyhow::Result;
use forge::Expect;

use super::Stage;
use crate::checks::Checks;
use crate::firmware;

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let cases: Vec<_> = forge::cases().into_iter().filter(|case| !case.hazard).collect();
    let images: Vec<_> = cases.iter().map(|case| case.image.as_slice()).collect();
    let loads = firmware::loads(&images, stage.name, stage.lab)?;
    for (case, loads) in cases.iter().zip(&loads) {
        println!("{} {loads} {:?}", case.name, case.skexec);
    }
    let laxer: Vec<_> = cases
        .iter()
        .zip(&loads)
        .filter(|(case, loads)| !**loads && !matches!(case.skexec, Expect::Reject(_)))
        .map(|(case, _)| format!("{}: {}", case.name, case.about))
        .collect();
    checks.holds("what the firmware refuses, skexec refuses", laxer.is_empty(), &laxer);
    Ok(())
}
