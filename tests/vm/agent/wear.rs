//! Memory as it is after months of use: in most of it, no two neighbouring pages are free.
#![allow(unsafe_code, reason = "no safe wrapper exists for madvise(2)")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;

const PAGE: usize = 4096;
/// In MiB; the kernel and the agent need some.
const SPARED: usize = 192;
const READY: &str = "worn";

/// Starts a process that holds every second page of the free memory, and returns when it does.
pub(crate) fn start() -> Result<ExitCode> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child =
        command.arg("hold-memory").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
    ensure!(line.trim() == READY, "the process that holds the memory ended");
    Ok(ExitCode::SUCCESS)
}

/// That process.
pub(crate) fn hold() -> Result<ExitCode> {
    let pages = available_mib()?.saturating_sub(SPARED) << 20 >> 12;
    let mut memory = vec![0_u8; pages * PAGE];
    // Huge pages would be one piece each.
    advise(&mut memory, libc::MADV_NOHUGEPAGE)?;
    memory.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    // The vector's own start may lie within a page.
    let first = memory.as_ptr().align_offset(PAGE);
    let whole = memory.get_mut(first..).unwrap_or_default();
    for pair in whole.chunks_exact_mut(2 * PAGE) {
        advise(&mut pair[..PAGE], libc::MADV_DONTNEED)?;
    }
    println!("{READY}");
    loop {
        thread::park();
    }
}

fn advise(memory: &mut [u8], advice: libc::c_int) -> Result<()> {
    let start = memory.as_mut_ptr().map_addr(|address| address.next_multiple_of(PAGE));
    let length = memory.len().saturating_sub(start.addr() - memory.as_ptr().addr());
    // SAFETY: the range lies within `memory`. What is given back reads as zero afterwards, which is a valid u8.
    let answer = unsafe { libc::madvise(start.cast(), length, advice) };
    ensure!(answer == 0, "madvise: {}", Errno::last());
    Ok(())
}

fn available_mib() -> Result<usize> {
    let memory = fs::read_to_string("/proc/meminfo")?;
    let line = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:")).context("no MemAvailable")?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib >> 10)
}
