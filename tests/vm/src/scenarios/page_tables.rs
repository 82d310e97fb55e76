//! The running kernel's page tables lie in the memory that the next kernel uses first: the purgatory's own ones take their place.
//!
//! The running kernel may put the page tables of kexec anywhere outside the segments, so also in the part of the next kernel's window that
//! no segment covers. It rarely does, so the debugger moves them there at the purgatory's first instruction.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Stage;
use super::damage::{SILENCE, silent};
use super::held::Held;
use super::layout::Layout;
use crate::checks::Checks;
use crate::gdb::{Control, Gdb};

const BOOT: Duration = Duration::from_secs(180);
const PAGE: u64 = 4096;
const MIB: u64 = 1 << 20;
/// More than an identity map with large pages has.
const MOST_TABLES: u64 = 256;
const LA57: u64 = 1 << 12;
// Bits of an entry.
const PRESENT: u64 = 1;
const LARGE: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

pub(super) fn play(stage: &Stage<'_>, checks: &mut Checks) -> Result<()> {
    for layout in [Layout::Elided, Layout::Vmlinux] {
        let mut held = moved(stage, layout, checks)?;
        let boot = held.guest.await_boot(BOOT, "the second kernel")?;
        checks.equal(&format!("{layout}: the second kernel boots"), &boot.release, &stage.second.release);
    }
    // The classic layout keeps the running kernel's page tables, so it shows that the place was a fatal one.
    let held = moved(stage, Layout::Classic, checks)?;
    sleep(SILENCE);
    let console = held.guest.console_from(held.before);
    checks.holds("classic: with page tables in that place, nothing boots", silent(&console), &console);
    Ok(())
}

fn moved(stage: &Stage<'_>, layout: Layout, checks: &mut Checks) -> Result<Held> {
    let mut held = Held::with(stage, layout, "", checks)?;
    let place = fatal_place(stage, layout, &held)?;
    let mut tables = Tables { gdb: &mut held.gdb, next: place };
    let levels = if tables.gdb.control(Control::Cr4)? & LA57 == 0 { 4 } else { 5 };
    let old = tables.gdb.control(Control::Cr3)?;
    let root = tables.copy(old & ADDRESS, levels)?;
    let count = (tables.next - place) / PAGE;
    held.gdb.set_control(Control::Cr3, root)?;
    checks.holds(&format!("{layout}: {count} page tables were moved"), count >= 3, &format!("{old:#x} {root:#x}"));
    held.gdb.go()?;
    Ok(held)
}

/// Memory of the kernel's window that is overwritten before the kernel has page tables of its own.
fn fatal_place(stage: &Stage<'_>, layout: Layout, held: &Held) -> Result<u64> {
    let kernel = held.number("kernel", "addr")?;
    Ok(match layout {
        // .bss begins there, which the purgatory fills with zeros.
        Layout::Vmlinux => kernel + held.number("kernel", "memsz")? + MIB,
        // The kernel's first code copies the compressed kernel to the window's end; its last MiB is stack and heap.
        Layout::Elided | Layout::Classic | Layout::Linked => kernel + stage.second.init_size()? - 4 * MIB,
    })
}

struct Tables<'a> {
    gdb: &'a mut Gdb,
    next: u64,
}

impl Tables<'_> {
    /// Copies a table and all tables below it; returns the copy's address.
    fn copy(&mut self, table: u64, level: u32) -> Result<u64> {
        let place = self.next;
        self.next += PAGE;
        let mut entries = self.gdb.read_table(table)?;
        for entry in entries.iter_mut().filter(|entry| **entry & PRESENT != 0) {
            let is_table = level > 1 && (level > 3 || *entry & LARGE == 0);
            if is_table {
                *entry = (*entry & !ADDRESS) | self.copy(*entry & ADDRESS, level - 1)?;
            }
        }
        ensure!(self.next - place <= MOST_TABLES * PAGE, "more than {MOST_TABLES} page tables");
        self.gdb.write_table(place, &entries)?;
        Ok(place)
    }
}
