//! Calls for kexec that the kernel must refuse, and a filter that answers in its place.
#![allow(unsafe_code, reason = "no safe wrapper exists for these system calls")]

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use nix::errno::Errno;

use crate::calls::report;

const NO_INITRAMFS: u64 = 0x4;
const UNKNOWN_FLAG: u64 = 0x4000;
const ARCH_X86_64: u64 = 62 << 16;
const PAGE: usize = 4096;
/// An address in the RAM of every guest.
const PLACE: u64 = 0x200_0000;
const NO_FILE: i64 = -1;

// prctl(2) takes numbers of 64 bits.
const NONE: libc::c_ulong = 0;
const ONE: libc::c_ulong = 1;
const MODE_FILTER: libc::c_ulong = 2;

// Instructions of the packet filter (include/uapi/linux/bpf_common.h).
const READ_WORD: u16 = 0x20;
const SKIP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// What is wrong with a call.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Fault {
    /// `kexec_file_load`: no file is open
    Descriptor,
    /// `kexec_file_load`: the command line is at an address that cannot be read
    Pointer,
    /// `kexec_file_load`: a flag that no kernel knows
    Flag,
    /// `kexec_file_load`: a command line without a NUL
    Unterminated,
    /// `kexec_load`: a segment that begins within a page
    Alignment,
    /// `kexec_load`: 17 segments
    Count,
}

/// `struct kexec_segment`.
#[repr(C)]
#[derive(Clone)]
struct Segment {
    buf: *const u8,
    bufsz: usize,
    mem: u64,
    memsz: usize,
}

pub(crate) fn bad_call(fault: Fault) -> Result<ExitCode> {
    Ok(report(match fault {
        Fault::Descriptor => file_call(NO_FILE, c"".to_bytes_with_nul(), NO_INITRAMFS),
        Fault::Pointer => unreadable_cmdline()?,
        Fault::Flag => file_call(NO_FILE, c"".to_bytes_with_nul(), UNKNOWN_FLAG),
        Fault::Unterminated => with_file(b"quiet")?,
        Fault::Alignment => segments_call(&[page(PLACE + 1)]),
        Fault::Count => {
            let apart = |number: u64| page(PLACE + number * 0x2000);
            segments_call(&(0..17).map(apart).collect::<Vec<_>>())
        }
    }))
}

/// The kernel that is loaded would boot nothing; if it is accepted, it is unloaded at once.
pub(crate) fn segments_load() -> Result<ExitCode> {
    let answer = segments_call(&[page(PLACE)]);
    if answer.is_ok() {
        let unloaded = segments_call(&[]);
        ensure!(unloaded.is_ok(), "loaded, and not unloaded: {unloaded:?}");
    }
    Ok(report(answer))
}

/// The kernel reads the image before it looks at the command line, so that a real one is needed.
const IMAGE: &str = "/boot/vmlinuz";

fn with_file(cmdline: &[u8]) -> Result<Result<(), i32>> {
    let file = std::fs::File::open(IMAGE).context(IMAGE)?;
    Ok(file_call(std::os::fd::AsRawFd::as_raw_fd(&file).into(), cmdline, NO_INITRAMFS))
}

fn unreadable_cmdline() -> Result<Result<(), i32>> {
    let file = std::fs::File::open(IMAGE).context(IMAGE)?;
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&file);
    // SAFETY: the address is not mapped, and the kernel, which alone uses it, answers EFAULT.
    Ok(answer(unsafe { libc::syscall(libc::SYS_kexec_file_load, descriptor, NO_FILE, 6, 1, NO_INITRAMFS) }))
}

fn file_call(kernel: i64, cmdline: &[u8], flags: u64) -> Result<(), i32> {
    // SAFETY: the kernel only reads `cmdline.len()` bytes of `cmdline`.
    answer(unsafe { libc::syscall(libc::SYS_kexec_file_load, kernel, NO_FILE, cmdline.len(), cmdline.as_ptr(), flags) })
}

static BYTES: [u8; PAGE] = [0; PAGE];

fn page(at: u64) -> Segment {
    Segment { buf: BYTES.as_ptr(), bufsz: PAGE, mem: at, memsz: PAGE }
}

fn segments_call(segments: &[Segment]) -> Result<(), i32> {
    // SAFETY: the count is that of the array, and each element points to a static page.
    answer(unsafe { libc::syscall(libc::SYS_kexec_load, PLACE, segments.len(), segments.as_ptr(), ARCH_X86_64) })
}

fn answer(result: libc::c_long) -> Result<(), i32> {
    if result == 0 { Ok(()) } else { Err(Errno::last_raw()) }
}

/// Runs a command whose `kexec_load` and `kexec_file_load` get this errno from a filter, as a container's.
pub(crate) fn filtered(errno: u16, command: &[OsString]) -> Result<ExitCode> {
    let statement = |code, jt, k| libc::sock_filter { code, jt, jf: 0, k };
    let is = |call: libc::c_long, skip| statement(SKIP_IF_EQUAL, skip, u32::try_from(call).unwrap_or(u32::MAX));
    // The number of the call is the first field of the data that the filter sees.
    let mut program = [
        statement(READ_WORD, 0, 0),
        is(libc::SYS_kexec_load, 2),
        is(libc::SYS_kexec_file_load, 1),
        statement(RETURN, 0, libc::SECCOMP_RET_ALLOW),
        statement(RETURN, 0, libc::SECCOMP_RET_ERRNO | u32::from(errno)),
    ];
    let filter = libc::sock_fprog { len: u16::try_from(program.len())?, filter: program.as_mut_ptr() };
    // SAFETY: takes five numbers and touches no memory of ours.
    let bound = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, ONE, NONE, NONE, NONE) };
    ensure!(bound == 0, "PR_SET_NO_NEW_PRIVS: {}", Errno::last());
    // SAFETY: the program and its length live until the call returns; the kernel copies them.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, MODE_FILTER, &raw const filter) };
    ensure!(set == 0, "PR_SET_SECCOMP: {}", Errno::last());
    let (program, arguments) = command.split_first().context("no command")?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| program.display().to_string())
}
