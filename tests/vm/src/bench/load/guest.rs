//! The loads in one guest.

use std::time::Instant;

use anyhow::{Context, Result};
use vm_protocol::cost::Cost;

use crate::bench::figures::millions;
use crate::bench::ways::Way;
use crate::bench::{Run, counted};
use crate::fetch::Kernel;
use crate::guest::Guest;
use crate::initramfs::Files;
use crate::lab::Lab;

/// The kernel keeps at most half of the memory for an image, and the initrd's file is in memory, too.
const MEMORY_MIB: u64 = 4096;
const INITRD: &str = "/boot/big.cpio";
const CMDLINE: &str = "console=ttyS0";

/// The guest in which loads are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ground {
    pub(super) sha_ni: bool,
    /// Every second page of the memory is in use; otherwise the guest was just booted.
    pub(super) used: bool,
}

impl Ground {
    pub(super) fn used(self) -> Self {
        Self { used: true, ..self }
    }

    pub(super) fn name(self) -> String {
        let memory = if self.used { "used" } else { "fresh" };
        format!("{memory} memory, {} SHA-NI", if self.sha_ni { "with" } else { "without" })
    }
}

/// The cost of one load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) ground: Ground,
    /// `None`: nothing was loaded, but the initrd was hashed once.
    pub(super) way: Option<Way>,
    /// The size of the initrd.
    pub(super) mib: u64,
    pub(super) cost: Cost,
}

impl Load {
    pub(super) fn name(&self) -> String {
        self.way.map_or_else(|| "one SHA-256".to_owned(), Way::name)
    }
}

/// The cost of each load; they follow each other in one guest, and each is unloaded before the next.
pub(super) fn loads(
    run: &Run<'_>,
    lab: &Lab<'_>,
    kernel: &Kernel,
    ground: Ground,
    plan: &[(u64, Vec<Way>)],
) -> Result<Vec<Load>> {
    let mut guest = counted::boot(lab, kernel, MEMORY_MIB, ground.sha_ni, Files::default())?;
    let mut loads = vec![];
    for (mib, ways) in plan {
        counted::good(&mut guest, &format!("agent big-initrd {INITRD} {mib}"))?;
        if ground.used {
            counted::good(&mut guest, "agent wear-memory")?;
        }
        for way in [None].into_iter().chain(ways.iter().copied().map(Some)) {
            let start = Instant::now();
            let cost = one(&mut guest, way).with_context(|| format!("{}, {mib} MiB, {way:?}", ground.name()))?;
            let load = Load { ground, way, mib: *mib, cost };
            let Cost { instructions, peak_kib, read_bytes } = cost;
            let figures = format!(
                "{:6} million, {:4} MiB peak, {:4} MiB read",
                millions(instructions),
                peak_kib >> 10,
                read_bytes >> 20
            );
            run.report.line(start.elapsed(), format_args!("{:14} {mib:4} MiB: {figures}", load.name()));
            loads.push(load);
        }
    }
    Ok(loads)
}

fn one(guest: &mut Guest, way: Option<Way>) -> Result<Cost> {
    let Some(way) = way else { return counted::cost(guest, &format!("agent sha256 {INITRD}")) };
    // For the document, every segment would be hashed once more.
    let command = way.command(INITRD, CMDLINE).replacen("load --json", "load", 1);
    let cost = counted::cost(guest, &command)?;
    counted::good(guest, "agent file-unload")?;
    Ok(cost)
}
