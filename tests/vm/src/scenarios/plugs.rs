//! Processors and memory that are plugged into a running machine.

use anyhow::{Result, ensure};

use super::Stage;
use crate::guest::Guest;
use crate::monitor;

/// Turns on what is off, as udev's rules do.
const TURN_ON: &str = "for file in /sys/devices/system/cpu/cpu[1-9]*/online; do [ -e $file ] && echo 1 >$file; done; \
                                  for file in /sys/devices/system/memory/memory*/state; do \
                                  grep -q offline $file && echo online >$file; done; true";
/// The memory in blocks that can be turned on and off.
const BLOCKS: &str = "ls -d /sys/devices/system/memory/memory[0-9]*";

/// Whether the kernel has room for one more processor. Linux 6.12 has none where it sees no hypervisor that it knows, as under TCG.
pub(super) fn takes_a_processor(guest: &mut Guest) -> Result<bool> {
    let done = guest.run("cd /sys/devices/system/cpu && cat possible present")?;
    let lines: Vec<_> = done.stdout.lines().collect();
    ensure!(lines.len() == 2, "{done:?}");
    Ok(lines[0] != lines[1])
}

/// Plugs in the processor of the last socket, which is the one with this number. It is off.
pub(super) fn processor(stage: &Stage<'_>, number: u32, guest: &mut Guest) -> Result<()> {
    monitor::plug_processor(&guest.monitor(), stage.lab.accel().model(), number)?;
    appears(&format!("[ -e /sys/devices/system/cpu/cpu{number}/online ]"), guest)
}

/// Plugs in a module of memory. It is offline.
pub(super) fn memory(mib: u64, guest: &mut Guest) -> Result<()> {
    let blocks = guest.run(&format!("{BLOCKS} | wc -l"))?.stdout.trim().to_owned();
    monitor::plug_memory(&guest.monitor(), mib)?;
    appears(&format!("[ $({BLOCKS} | wc -l) != {blocks} ]"), guest)
}

pub(super) fn turn_on(guest: &mut Guest) -> Result<()> {
    let done = guest.run(TURN_ON)?;
    ensure!(done.exit == Some(0), "{done:?}");
    Ok(())
}

/// Waits until a condition holds.
fn appears(condition: &str, guest: &mut Guest) -> Result<()> {
    let wait = "sleep 1; i=$((i + 1))";
    let there = guest.run(&format!("i=0; until {condition} || [ $i = 30 ]; do {wait}; done; {condition}"))?;
    ensure!(there.exit == Some(0), "{condition}: {there:?}");
    Ok(())
}
