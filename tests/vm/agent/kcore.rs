//! `/proc/kcore`: the running kernel's memory as an ELF file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};

pub(crate) const PATH: &str = "/proc/kcore";
const PT_LOAD: u64 = 1;

/// One part of the kernel's address space.
pub(crate) struct Part {
    pub(crate) offset: u64,
    pub(crate) address: u64,
    /// None if the part is not mapped to one range of physical memory
    pub(crate) physical: Option<u64>,
    pub(crate) length: u64,
}

pub(crate) fn parts(kcore: &File) -> Result<Vec<Part>> {
    let number = |at: u64, length: usize| -> Result<u64> {
        let mut bytes = [0; 8];
        kcore.read_exact_at(&mut bytes[..length], at)?;
        Ok(u64::from_le_bytes(bytes))
    };
    let (table, count) = (number(32, 8)?, number(56, 2)?);
    let mut parts = vec![];
    for header in (0..count).map(|index| table + 56 * index) {
        if number(header, 4)? == PT_LOAD {
            let [offset, address, physical, length] = [8, 16, 24, 40].map(|at| number(header + at, 8));
            // u64::MAX stands for memory without a physical address.
            let physical = Some(physical?).filter(|physical| *physical != u64::MAX);
            parts.push(Part { offset: offset?, address: address?, physical, length: length? });
        }
    }
    Ok(parts)
}

/// The offset of a physical range; one part must hold all of it.
pub(crate) fn offset(kcore: &File, physical: u64, size: u64) -> Result<u64> {
    let within = |part: Part| {
        let into = physical.checked_sub(part.physical?)?;
        (into.saturating_add(size) <= part.length).then_some(part.offset + into)
    };
    let found = parts(kcore)?.into_iter().find_map(within);
    found.with_context(|| format!("{PATH} does not hold {physical:#x} and {size} bytes"))
}
