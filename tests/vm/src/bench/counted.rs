//! Guests whose time stamp counter counts instructions.
//!
//! Under `-icount shift=0` each instruction takes one nanosecond of the guest's time, and its time stamp counter runs at 1 GHz. It
//! counts the same in every run, also on a busy machine; each repetition of a string instruction counts.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use vm_protocol::Done;
use vm_protocol::cost::Cost;

use crate::fetch::Kernel;
use crate::guest::Guest;
use crate::hardware::Hardware;
use crate::initramfs::Files;
use crate::kexec_tools;
use crate::lab::{Firmware, Lab, Setup};

/// A generic SHA-256 of 280 MB is 15 billion instructions.
pub(super) const PATIENCE: Duration = Duration::from_secs(1200);

/// Boots a kernel that is also the one to load, at `/boot/vmlinuz`, with kexec-tools and Debian's key.
pub(super) fn boot(lab: &Lab<'_>, kernel: &Kernel, memory: u64, sha_ni: bool, mut files: Files) -> Result<Guest> {
    files.copy("/boot/vmlinuz", &kernel.image)?;
    lab.add_keys(&mut files)?;
    kexec_tools::add(lab, &mut files)?;
    let hardware =
        Hardware { memory: Some(memory), sha_ni, processors: 1, debugger: true, counting: true, ..Hardware::default() };
    let setup = Setup::new("bench", kernel, Firmware::Bios, "", files);
    let (mut guest, _) = lab.boot(Setup { hardware, ..setup })?;
    guest.be_patient(PATIENCE);
    Ok(guest)
}

/// Runs a command that must succeed.
pub(super) fn good(guest: &mut Guest, command: &str) -> Result<Done> {
    let done = guest.run(command)?;
    ensure!(done.exit == Some(0), "{command}: {done:?}");
    Ok(done)
}

/// Runs a program that must succeed, and returns its cost.
pub(super) fn cost(guest: &mut Guest, program: &str) -> Result<Cost> {
    let done = good(guest, &format!("agent cost {program}"))?;
    serde_json::from_str(&done.stdout).with_context(|| format!("agent cost {program}: {done:?}"))
}
