//! `skexec inspect`.

use super::args::InspectArgs;
use super::output::Output;
use crate::inspect::Description;
use crate::reason::{Exit, Finding};
use crate::sealed::Sealed;

pub(super) fn run(args: &InspectArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let sealed = match Sealed::read(&args.file) {
        Ok(sealed) => sealed,
        Err(error) => {
            let finding = Finding::from(error);
            let seen = format!("{}: {}", args.file.display(), finding.detail);
            return output.failure(&Finding::new(finding.reason, seen));
        }
    };
    let description = Description::new(args.file.display().to_string(), sealed.bytes());
    if output.json() {
        output.document(&description)?;
        return Ok(Exit::Done);
    }
    output.fact(&args.file.display().to_string())?;
    for (key, value) in description.lines() {
        output.row(key, &value)?;
    }
    Ok(Exit::Done)
}
