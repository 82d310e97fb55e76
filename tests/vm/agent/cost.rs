//! The cost of one program: instructions, peak memory, bytes read.
#![allow(unsafe_code, reason = "the time stamp counter is read by an intrinsic")]

use std::arch::x86_64::_rdtsc;
use std::ffi::OsString;
use std::fs;
use std::io::stderr;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use vm_protocol::cost::Cost;

/// Runs a program and prints its cost. Its own output goes to stderr, and its exit code becomes ours.
pub(crate) fn run(program: &[OsString]) -> Result<ExitCode> {
    let (name, arguments) = program.split_first().context("no program")?;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::from(stderr()));
    let start = time_stamp();
    let mut child = command.spawn().with_context(|| name.display().to_string())?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    // The process stays as a zombie, so that its files in /proc can still be read.
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let instructions = time_stamp().wrapping_sub(start);
    let read_bytes = read_bytes(pid)?;
    let code = child.wait()?.code().unwrap_or(1);
    let peak_kib = u64::try_from(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss())?;
    println!("{}", serde_json::to_string(&Cost { instructions, peak_kib, read_bytes })?);
    Ok(ExitCode::from(u8::try_from(code)?))
}

/// What its system calls read, and what the kernel read for it in them; mapped files do not count.
fn read_bytes(pid: Pid) -> Result<u64> {
    let io = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: ")).context("/proc/PID/io has no rchar")?;
    Ok(line.trim().parse()?)
}

fn time_stamp() -> u64 {
    // SAFETY: every x86-64 processor has the counter, and the kernel lets user space read it.
    unsafe { _rdtsc() }
}
