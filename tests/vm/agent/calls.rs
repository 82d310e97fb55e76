//! The system calls, made without skexec.
#![allow(unsafe_code, reason = "no safe wrapper exists for kexec_file_load(2) and PR_CAPBSET_DROP")]

use std::ffi::{CStr, CString, OsString};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot};

const UNLOAD: libc::c_ulong = 0x1;
const ON_CRASH: libc::c_ulong = 0x2;
const NO_INITRAMFS: libc::c_ulong = 0x4;
const CAP_SYS_BOOT: libc::c_ulong = 22;

pub(crate) fn file_load(
    kernel: &Path,
    initrd: Option<&Path>,
    cmdline: &str,
    hold: u64,
    panic: bool,
) -> Result<ExitCode> {
    let open = |path: &Path| File::open(path).with_context(|| format!("{}", path.display()));
    let kernel = open(kernel)?;
    let initrd = initrd.map(open).transpose()?;
    let cmdline = CString::new(cmdline)?;
    let until = Instant::now() + Duration::from_millis(hold);
    loop {
        let result = kexec_file_load(Some(&kernel), initrd.as_ref(), &cmdline, panic);
        if Instant::now() >= until {
            return Ok(report(result));
        }
    }
}

/// Gives the kernel each file separately, with nothing loaded before or after.
pub(crate) fn judge(files: &[PathBuf]) -> Result<ExitCode> {
    for path in files {
        let name = path.file_name().unwrap_or_default().display();
        // If the kernel crashes, the console shows the file.
        let _ = fs::write("/dev/kmsg", format!("asked about {name}"));
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let errno = match kexec_file_load(Some(&file), None, c"", false) {
            Err(errno) => errno,
            Ok(()) => {
                let unloaded = kexec_file_load(None, None, c"", false);
                ensure!(unloaded.is_ok(), "{name}: loaded, and not unloaded: {unloaded:?}");
                0
            }
        };
        println!("{name} {errno}");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn file_unload(panic: bool) -> Result<ExitCode> {
    Ok(report(kexec_file_load(None, None, c"", panic)))
}

pub(crate) fn jump() -> Result<ExitCode> {
    reboot(RebootMode::RB_KEXEC).expect_err("a jump that returns failed");
    Ok(report(Err(Errno::last_raw())))
}

/// Calls `kexec_file_load(2)`; without a kernel, it unloads.
fn kexec_file_load(kernel: Option<&File>, initrd: Option<&File>, cmdline: &CStr, panic: bool) -> Result<(), i32> {
    let fd = |file: Option<&File>| libc::c_long::from(file.map_or(-1, AsRawFd::as_raw_fd));
    let flags = match (kernel, initrd) {
        (None, _) => UNLOAD,
        (Some(_), None) => NO_INITRAMFS,
        (Some(_), Some(_)) => 0,
    };
    let flags = if panic { flags | ON_CRASH } else { flags };
    let text = cmdline.to_bytes_with_nul();
    // SAFETY: the descriptors are open for the whole call or -1, and `text` is `text.len()` readable bytes, the last a NUL.
    let answer =
        unsafe { libc::syscall(libc::SYS_kexec_file_load, fd(kernel), fd(initrd), text.len(), text.as_ptr(), flags) };
    if answer == 0 { Ok(()) } else { Err(Errno::last_raw()) }
}

/// Prints the kernel's verdict as one JSON object; the exit code is 0 if the kernel accepted.
pub(crate) fn report(result: Result<(), i32>) -> ExitCode {
    let errno = result.err().unwrap_or(0);
    let name = match errno {
        0 => "OK".to_owned(),
        // The C library has no name for it.
        524 => "ENOTSUPP".to_owned(),
        _ => format!("{:?}", Errno::from_raw(errno)),
    };
    println!("{}", serde_json::json!({ "errno": errno, "name": name }));
    ExitCode::from(u8::from(errno != 0))
}

pub(crate) fn without_sys_boot(command: &[OsString]) -> Result<ExitCode> {
    // SAFETY: takes two numbers and touches no memory of ours.
    let answer = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_SYS_BOOT) };
    ensure!(answer == 0, "dropping CAP_SYS_BOOT: {}", Errno::last());
    let (program, arguments) = command.split_first().context("no command")?;
    // An exec limits root's capabilities to the bounding set: the new program is root without this one capability.
    Err(Command::new(program).args(arguments).exec()).with_context(|| program.display().to_string())
}
