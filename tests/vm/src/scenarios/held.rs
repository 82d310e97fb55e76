//! A guest that a debugger holds at the purgatory's first instruction, when the old kernel has ended.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Stage;
use super::layout::Layout;
use super::segments::segment;
use crate::checks::{Checks, Expect, json_at};
use crate::gdb::Gdb;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{BASE, Files};
use crate::lab::{Firmware, Setup};

/// From the jump to the purgatory's first instruction.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Held {
    pub(super) guest: Guest,
    pub(super) gdb: Gdb,
    pub(super) plan: String,
    /// The size of the console's text before the jump.
    pub(super) before: usize,
}

impl Held {
    pub(super) fn with(stage: &Stage<'_>, layout: Layout, options: &str, checks: &mut Checks) -> Result<Self> {
        let mut files = Files::default();
        files.copy("/boot/vmlinuz", &stage.second.image)?;
        stage.lab.add_keys(&mut files)?;
        let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
        let hardware = Hardware { debugger: true, ..Hardware::default() };
        let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
        let load = guest.run(&format!(
            "skexec load --json --method segments --layout {layout} --purgatory-console serial {options} /boot/vmlinuz \
             --keys /keys/debian --initrd {BASE} --reuse-cmdline"
        ))?;
        let name = layout.to_string();
        let expected = [Expect::Exit(0), Expect::Json("/loaded", "true"), Expect::Json("/plan/layout", &name)];
        checks.command(&format!("{layout}: the kernel is loaded"), &load, &expected);
        let mut gdb = Gdb::attach(&guest.debugger(), PATIENCE)?;
        let before = guest.console_size();
        let entry = json_at(&load.stdout, "/plan/entry").context("no plan.entry")?.parse()?;
        gdb.run_to(entry, || guest.ask("skexec exec --force"))?;
        Ok(Self { guest, gdb, plan: load.stdout, before })
    }

    /// A number of one of the plan's segments.
    pub(super) fn number(&self, name: &str, member: &str) -> Result<u64> {
        Ok(segment(&self.plan, name, member)?.parse()?)
    }
}
