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
            return output.failure(&Finding::from(error).in_file(&args.file));
        }
    };
    let description =
        Description::with_profile(args.file.display().to_string(), sealed.bytes(), args.profile.as_deref());
    if output.json() {
        output.document(&description)?;
    } else {
        output.fact(&args.file.display().to_string())?;
        for (key, value) in description.lines() {
            output.row(key, &value)?;
        }
    }
    match description.unknown() {
        Some(finding) => {
            output.refusal(Some(&args.file), finding)?;
            Ok(finding.reason.exit())
        }
        None => Ok(Exit::Done),
    }
}
