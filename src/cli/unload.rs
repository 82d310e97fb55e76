//! `skexec unload`.

use super::args::UnloadArgs;
use super::output::Output;
use crate::load::{self, System};
use crate::reason::Exit;
use crate::record::Slot;

pub(super) fn run(system: System<'_>, args: UnloadArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match load::unload(system, Slot::of(args.panic))? {
        Ok(()) => {
            output.done("unloaded")?;
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
