//! The addresses at which this kernel lies.

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::{Context, Result};
use vm_protocol::facts::Bases;

use crate::facts::BOOT_PARAMS;
use crate::kcore;

const LOADFLAGS: usize = 0x211;
const KASLR_FLAG: u8 = 1 << 1;
/// The mapping of the kernel itself begins here (__START_KERNEL_map); everything else lies below.
const KERNEL_MAP: u64 = 0xffff_ffff_8000_0000;

pub(crate) fn print() -> Result<ExitCode> {
    let params = fs::read(BOOT_PARAMS).context(BOOT_PARAMS)?;
    let flags = params.get(LOADFLAGS).context("boot_params end before loadflags")?;
    let (direct_map, vmalloc) = regions()?;
    let bases = Bases {
        text: symbol("_text")?,
        code: kernel_code()?,
        direct_map,
        vmalloc,
        kaslr_flag: flags & KASLR_FLAG != 0,
    };
    println!("{}", serde_json::to_string(&bases)?);
    Ok(ExitCode::SUCCESS)
}

fn symbol(name: &str) -> Result<u64> {
    let symbols = fs::read_to_string("/proc/kallsyms")?;
    let line = symbols.lines().find(|line| line.split_whitespace().nth(2) == Some(name));
    first_number(line.with_context(|| format!("/proc/kallsyms has no {name}"))?)
}

fn kernel_code() -> Result<u64> {
    let map = fs::read_to_string("/proc/iomem")?;
    let line = map.lines().find(|line| line.ends_with(": Kernel code"));
    first_number(line.context("/proc/iomem has no kernel code")?)
}

/// The number at the start of a line, in hexadecimal.
fn first_number(line: &str) -> Result<u64> {
    let digits = line.trim_start().split(|character: char| !character.is_ascii_hexdigit()).next();
    u64::from_str_radix(digits.unwrap_or_default(), 16).with_context(|| line.to_owned())
}

/// page_offset_base and vmalloc_base.
fn regions() -> Result<(u64, u64)> {
    let parts = kcore::parts(&File::open(kcore::PATH).context(kcore::PATH)?)?;
    let mut below = parts.iter().filter(|part| part.address < KERNEL_MAP);
    let direct = below.clone().find_map(|part| Some(part.address - part.physical?));
    // The others without a physical address are the pieces of the map of pages, which is far smaller.
    let mapped = below.by_ref().filter(|part| part.physical.is_none()).max_by_key(|part| part.length);
    let mapped = mapped.context("/proc/kcore has no virtually mapped memory")?;
    Ok((direct.context("/proc/kcore has no memory")?, mapped.address))
}
