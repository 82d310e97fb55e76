//! `skexec booted`.

use super::output::Output;
use crate::reason::Exit;
use crate::rollback::{self, Version};
use crate::system::System;

pub(super) fn run(system: System<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    match rollback::settle(system.root) {
        Ok(Some(Version { name, number })) => {
            output.done("booted", &format!("{name}: version {number} has booted; lower versions are refused"))?;
            Ok(Exit::Done)
        }
        Ok(None) => {
            let why = "this boot was not started by a load with a manifest, or it is recorded already";
            output.nothing_done("booted", why)?;
            Ok(Exit::Done)
        }
        Err(finding) => output.failure(&finding),
    }
}
