//! `skexec unload`.

use super::args::UnloadArgs;
use super::output::Output;
use crate::reason::Exit;
use crate::system::{Slot, System};
use crate::unload::unload;

pub(super) fn run(system: System<'_>, args: UnloadArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match unload(system, Slot::of(args.panic))? {
        Ok(()) => {
            output.done("unloaded", "unloaded")?;
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
