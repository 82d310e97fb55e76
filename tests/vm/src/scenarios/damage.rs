//! One bit of the loaded image is changed at the moment of the jump: the purgatory names the segment, and nothing boots.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use vm_protocol::PREFIX;

use super::Stage;
use super::held::Held;
use super::layout::Layout::{self, Classic, Elided, Vmlinux};
use crate::checks::Checks;

/// A time that is longer than a second kernel needs for its first line.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// The place of the damage.
#[derive(Debug, Clone, Copy)]
struct Damage {
    layout: Layout,
    segment: &'static str,
    at: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Middle,
    /// Of the file's bytes.
    LastByte,
}

/// With each layout, the segments that it makes in its own way.
const DAMAGES: [Damage; 8] = [
    Damage { layout: Vmlinux, segment: "initrd", at: Place::Middle },
    // The start of the purgatory runs before it is checked; its last bytes are data.
    Damage { layout: Vmlinux, segment: "purgatory", at: Place::LastByte },
    Damage { layout: Vmlinux, segment: "boot_params", at: Place::Middle },
    // Relocated.
    Damage { layout: Vmlinux, segment: "kernel", at: Place::Middle },
    Damage { layout: Vmlinux, segment: "page_tables", at: Place::Middle },
    Damage { layout: Elided, segment: "kernel", at: Place::LastByte },
    Damage { layout: Elided, segment: "page_tables", at: Place::LastByte },
    Damage { layout: Classic, segment: "kernel", at: Place::Middle },
];

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for damage in DAMAGES {
        let Damage { layout, segment, .. } = damage;
        let mut held = Held::with(stage, layout, "--on-mismatch reset", checks)?;
        damage.do_it(&mut held)?;
        let console = held.guest.end(held.before, "a damaged image")?;
        let name = format!("{layout}: a bit of {segment}");
        checks.holds(&format!("{name}: the purgatory names it"), names(&console, segment), &console);
        checks.holds(&format!("{name}: a reset, and no second kernel"), silent(&console), &console);
    }
    halted(stage, checks)
}

/// With the other policy the machine halts, with the message on the screen.
fn halted(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    let damage = DAMAGES[0];
    let mut held = Held::with(stage, damage.layout, "--on-mismatch halt", checks)?;
    damage.do_it(&mut held)?;
    sleep(SILENCE);
    let console = held.guest.console_from(held.before);
    checks.holds("halt: the purgatory names the segment", names(&console, damage.segment), &console);
    checks.holds("halt: no second kernel", silent(&console), &console);
    held.gdb.interrupt()?;
    let (rip, start) = (held.gdb.rip()?, held.number("purgatory", "addr")?);
    let within = start..start + held.number("purgatory", "memsz")?;
    checks.holds("halt: the machine stands, in the purgatory", within.contains(&rip), &format!("{rip:#x} {within:x?}"));
    Ok(())
}

impl Damage {
    fn do_it(&self, held: &mut Held) -> Result<()> {
        let (start, length) = (held.number(self.segment, "addr")?, held.number(self.segment, "bufsz")?);
        held.gdb.flip(match self.at {
            Place::Middle => start + length / 2,
            Place::LastByte => start + length - 1,
        })?;
        held.gdb.go()
    }
}

/// The purgatory's message: `skexec: segment "initrd" ... is damaged`, or `"kernel (2/3)"` for a segment that was split.
fn names(console: &str, segment: &str) -> bool {
    let named = ["\"", " ("].map(|end| format!("segment \"{segment}{end}"));
    console.lines().any(|line| named.iter().any(|named| line.contains(named)) && line.contains("damaged"))
}

pub(super) fn silent(console: &str) -> bool {
    !console.contains("Linux version") && !console.contains(PREFIX)
}
