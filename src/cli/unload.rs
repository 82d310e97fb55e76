//! `skexec unload`.

use super::args::UnloadArgs;
use super::output::Output;
use crate::reason::Exit;
use crate::system::{Slot, System};
use crate::unload::unload;

pub(super) fn run(system: System<'_>, args: UnloadArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match unload(system, Slot::of(args.panic))? {
        Ok(true) => {
            output.done("unloaded", "unloaded")?;
            Ok(Exit::Done)
        }
        Ok(false) => {
            let what = if args.panic { "no crash kernel is loaded" } else { "nothing is loaded" };
            output.nothing_done("unloaded", what)?;
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
