//! One bit of the loaded image is changed at the moment of the jump: the purgatory names the segment, and nothing boots.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use vm_protocol::PREFIX;

use super::Stage;
use super::segments::segment;
use crate::checks::{Checks, Expect, json_at};
use crate::gdb::Gdb;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::{BASE, Files};
use crate::lab::{Firmware, Setup};

/// From the jump to the purgatory's first instruction.
const PATIENCE: Duration = Duration::from_secs(60);
/// A time that is longer than a second kernel needs for its first line.
const SILENCE: Duration = Duration::from_secs(10);

/// The place of the damage.
#[derive(Debug, Clone, Copy)]
struct Damage {
    segment: &'static str,
    at: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Middle,
    /// Of the file's bytes.
    LastByte,
}

const DAMAGES: [Damage; 4] = [
    Damage { segment: "initrd", at: Place::Middle },
    // The start of the purgatory runs before it is checked; its last bytes are data.
    Damage { segment: "purgatory", at: Place::LastByte },
    Damage { segment: "kernel", at: Place::Middle },
    Damage { segment: "boot_params", at: Place::Middle },
];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for damage in DAMAGES {
        let name = damage.segment;
        let console = Loaded::with(stage, "reset", checks)?.damaged(damage)?.end()?;
        checks.holds(&format!("a bit of {name}: the purgatory names it"), names(&console, name), &console);
        checks.holds(&format!("a bit of {name}: a reset, and no second kernel"), silent(&console), &console);
    }
    halted(stage, checks)
}

/// With the other policy the machine halts, with the message on the screen.
fn halted(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let damage = DAMAGES[0];
    let mut loaded = Loaded::with(stage, "halt", checks)?.damaged(damage)?;
    sleep(SILENCE);
    let console = loaded.guest.console_from(loaded.before);
    checks.holds("halt: the purgatory names the segment", names(&console, damage.segment), &console);
    checks.holds("halt: no second kernel", silent(&console), &console);
    loaded.gdb.interrupt()?;
    let (rip, start) = (loaded.gdb.rip()?, number(&loaded.plan, "purgatory", "addr")?);
    let within = start..start + number(&loaded.plan, "purgatory", "memsz")?;
    checks.holds("halt: the machine stands, in the purgatory", within.contains(&rip), &format!("{rip:#x} {within:x?}"));
    Ok(())
}

/// A guest with a loaded image, and a debugger.
struct Loaded {
    guest: Guest,
    gdb: Gdb,
    plan: String,
    before: usize,
}

impl Loaded {
    fn with(stage: &Stage<'_>, policy: &str, checks: &mut Checks) -> Result<Self> {
        let mut files = Files::default();
        files.copy("/boot/vmlinuz", &stage.second.image)?;
        stage.lab.add_keys(&mut files)?;
        let setup = Setup::new(stage.name, &stage.first, Firmware::Bios, "", files);
        let hardware = Hardware { debugger: true, ..Hardware::default() };
        let (mut guest, _) = stage.lab.boot(Setup { hardware, second: Some(&stage.second), ..setup })?;
        let load = guest.run(&format!(
            "skexec load --json --method segments --purgatory-console serial --on-mismatch {policy} /boot/vmlinuz \
             --keys /keys/debian --initrd {BASE} --reuse-cmdline"
        ))?;
        checks.command("the kernel is loaded", &load, &[Expect::Exit(0), Expect::Json("/loaded", "true")]);
        let gdb = Gdb::attach(&guest.debugger(), PATIENCE)?;
        let before = guest.console_size();
        Ok(Self { guest, gdb, plan: load.stdout, before })
    }

    /// Lets the guest run until the old kernel has ended, then changes the bit.
    fn damaged(mut self, damage: Damage) -> Result<Self> {
        let entry = json_at(&self.plan, "/plan/entry").context("no plan.entry")?.parse()?;
        let guest = &mut self.guest;
        self.gdb.run_to(entry, || guest.ask("skexec exec --force"))?;
        let (start, length) =
            (number(&self.plan, damage.segment, "addr")?, number(&self.plan, damage.segment, "bufsz")?);
        self.gdb.flip(match damage.at {
            Place::Middle => start + length / 2,
            Place::LastByte => start + length - 1,
        })?;
        self.gdb.go()?;
        Ok(self)
    }

    fn end(mut self) -> Result<String> {
        self.guest.end(self.before, "a damaged image")
    }
}

fn number(plan: &str, name: &str, member: &str) -> Result<u64> {
    Ok(segment(plan, name, member)?.parse()?)
}

/// The purgatory's message: `skexec: segment "initrd" ... is damaged`, or `"kernel (2/3)"` for a segment that was split.
fn names(console: &str, segment: &str) -> bool {
    let named = ["\"", " ("].map(|end| format!("segment \"{segment}{end}"));
    console.lines().any(|line| named.iter().any(|named| line.contains(named)) && line.contains("damaged"))
}

fn silent(console: &str) -> bool {
    !console.contains("Linux version") && !console.contains(PREFIX)
}
