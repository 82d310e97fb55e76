//! Runs any program and records the arguments of its `kexec_load(2)`, by ptrace.
#![allow(unsafe_code, reason = "no safe wrapper exists for PTRACE_TRACEME between fork and exec")]

use std::ffi::OsString;
use std::io::IoSliceMut;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::ptrace::{self, Options};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use vm_protocol::capture::{Capture, Params, Segment, SetupData};

const KEXEC_LOAD: u64 = 246;
const MOST_SEGMENTS: u64 = 16;
/// Zero page, command line and setup_data lie in segments below this size; kernels and initrds are larger.
const SMALL: u64 = 1 << 20;
const PAGE: usize = 4096;
const LONGEST_CMDLINE: usize = 4096;
const MOST_SETUP_DATA: usize = 32;

// Offsets in boot_params (Documentation/arch/x86/zero-page.rst).
const EXT_CMD_LINE_PTR: usize = 0x0c8;
const HEADER: usize = 0x202;
const CMD_LINE_PTR: usize = 0x228;
const SETUP_DATA: usize = 0x250;

/// The last call that loads an image; the program's own output goes to stderr.
pub(crate) fn run(program: &[OsString]) -> Result<ExitCode> {
    let (name, arguments) = program.split_first().context("no program")?;
    let mut command = Command::new(name);
    command.args(arguments).stdout(Stdio::from(std::io::stderr()));
    // SAFETY: between fork and exec only one system call runs, which touches no memory of ours.
    unsafe { command.pre_exec(|| ptrace::traceme().map_err(Into::into)) };
    let child = command.spawn().with_context(|| name.display().to_string())?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let (capture, code) = follow(pid)?;
    println!("{}", serde_json::to_string(&capture.context("it made no call of kexec_load")?)?);
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn follow(pid: Pid) -> Result<(Option<Capture>, i32)> {
    let (mut capture, mut entering) = (None, false);
    // The child stops at its exec.
    waitpid(pid, None)?;
    ptrace::setoptions(pid, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL)?;
    let mut signal = None;
    loop {
        ptrace::syscall(pid, signal.take())?;
        match waitpid(pid, None)? {
            WaitStatus::PtraceSyscall(_) => {
                entering = !entering;
                let registers = ptrace::getregs(pid)?;
                if entering && registers.orig_rax == KEXEC_LOAD && registers.rsi > 0 {
                    let call = [registers.rdi, registers.rsi, registers.rdx, registers.r10];
                    capture = Some(taken_down(pid, call)?);
                }
            }
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::Exited(_, code) => return Ok((capture, code)),
            WaitStatus::Signaled(_, by, _) => bail!("it ended by {by}"),
            _ => {}
        }
    }
}

fn taken_down(pid: Pid, [entry, count, table, flags]: [u64; 4]) -> Result<Capture> {
    ensure!(count <= MOST_SEGMENTS, "{count} segments");
    let mut capture = Capture { entry, flags, ..Capture::default() };
    let mut image = Image::default();
    for index in 0..count {
        let raw = read(pid, table + 32 * index, 32)?;
        let [buf, bufsz, addr, memsz] = [0, 8, 16, 24].map(|at| long(&raw, at).unwrap_or(0));
        if bufsz < SMALL {
            image.0.push((addr, read(pid, buf, usize::try_from(bufsz)?)?));
        }
        capture.segments.push(Segment { addr, bufsz, memsz });
    }
    capture.params = image.params()?;
    Ok(capture)
}

fn read(pid: Pid, address: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let remote = RemoteIoVec { base: usize::try_from(address)?, len: length };
    let done = process_vm_readv(pid, &mut [IoSliceMut::new(&mut bytes)], &[remote])?;
    ensure!(done == length, "{length} bytes at {address:#x}: only {done} could be read");
    Ok(bytes)
}

/// The small segments, at their physical addresses.
#[derive(Default)]
struct Image(Vec<(u64, Vec<u8>)>);

impl Image {
    fn params(&self) -> Result<Option<Params>> {
        let Some((addr, page)) = self.zero_page() else { return Ok(None) };
        let word = |at| page.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes);
        let cmdline = u64::from(word(EXT_CMD_LINE_PTR)) << 32 | u64::from(word(CMD_LINE_PTR));
        let setup_data = self.setup_data(long(page, SETUP_DATA).unwrap_or(0))?;
        Ok(Some(Params { addr, page: hexadecimal(page), cmdline: self.text(cmdline)?, setup_data }))
    }

    /// The page that contains a setup header; kexec-tools' purgatory contains none.
    fn zero_page(&self) -> Option<(u64, &[u8])> {
        self.0.iter().find_map(|(addr, bytes)| {
            let mut starts = (0..bytes.len().saturating_sub(PAGE - 1)).step_by(16);
            let at = starts.find(|at| bytes[at + HEADER..].starts_with(b"HdrS"))?;
            Some((addr + u64::try_from(at).ok()?, &bytes[at..at + PAGE]))
        })
    }

    fn text(&self, address: u64) -> Result<String> {
        let bytes = self.from(address).with_context(|| format!("no segment holds the command line, {address:#x}"))?;
        let text = bytes.iter().take(LONGEST_CMDLINE).copied().take_while(|byte| *byte != 0).collect();
        Ok(String::from_utf8(text)?)
    }

    fn setup_data(&self, mut next: u64) -> Result<Vec<SetupData>> {
        let mut list = vec![];
        while next != 0 {
            ensure!(list.len() < MOST_SETUP_DATA, "a list of setup_data without an end");
            let bytes = self.from(next).with_context(|| format!("no segment holds setup_data {next:#x}"))?;
            let head = bytes.get(..16).context("setup_data is cut short")?;
            let kind = u32::from_le_bytes(head[8..12].try_into()?);
            let length = usize::try_from(u32::from_le_bytes(head[12..16].try_into()?))?;
            let data = hexadecimal(bytes.get(16..16 + length).context("setup_data is cut short")?);
            list.push(SetupData { kind, data });
            next = long(head, 0).context("setup_data is cut short")?;
        }
        Ok(list)
    }

    /// From a physical address to the end of the segment that holds it.
    fn from(&self, address: u64) -> Option<&[u8]> {
        self.0.iter().find_map(|(addr, bytes)| bytes.get(usize::try_from(address.checked_sub(*addr)?).ok()?..))
    }
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
