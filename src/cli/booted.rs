//! `skexec booted`.

use super::output::Output;
use crate::reason::Exit;
use crate::rollback::{self, Version};
use crate::system::System;
use anyhow::Context as _;

pub(super) fn run(system: System<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match rollback::settle(system.root).context(rollback::PATH)? {
        Some(Version { name, number }) => {
            output.done("booted", &format!("{name}: version {number} has booted; lower versions are refused"))?;
        }
        None => output
            .nothing_done("booted", "this boot was not started by a load with a manifest, or it is recorded already")?,
    }
    Ok(Exit::Done)
}
