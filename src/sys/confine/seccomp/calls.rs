//! The calls that are permitted.

use super::Test;
use nix::libc::{self, c_long};

/// A call that is permitted, as far as one argument passes a test.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) call: c_long,
    pub(super) argument: u32,
    pub(super) only: Option<Test<'a>>,
}

/// Files: to read, to write to what is open, to look at, to hold a lease or a lock.
const FILES: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_statx,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_ppoll,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_memfd_create,
];

/// Memory, threads, clocks, signals of its own, and what it may know of itself.
const ITSELF: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_munlock,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_capget,
    libc::SYS_capset,
];

/// What x86-64 alone has besides.
#[cfg(target_arch = "x86_64")]
const OLD: &[c_long] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_getdents,
    libc::SYS_poll,
    libc::SYS_dup2,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c_long] = &[];

/// To change files.
const CHANGES: &[c_long] = &[
    libc::SYS_openat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    libc::SYS_fchmod,
    libc::SYS_mkdirat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    libc::SYS_unlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    RENAMEAT,
    libc::SYS_renameat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
];
/// libc does not name it for every C library.
const RENAMEAT: c_long = if cfg!(target_arch = "x86_64") { 264 } else { 38 };

const LOADS: &[c_long] = &[
    libc::SYS_kexec_load,
    #[cfg(any(target_arch = "x86_64", target_env = "gnu"))]
    libc::SYS_kexec_file_load,
];

#[allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "flags, whose type differs by C library, and of which the kernel reads 32 bits"
)]
mod bits {
    use nix::libc;

    pub(super) const CHANGING: u32 = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC) as u32;
    pub(super) const EXECUTABLE: u32 = libc::PROT_EXEC as u32;
    pub(super) const THREAD: u32 = libc::CLONE_THREAD as u32;
    /// Whether there is a terminal, and how wide it is; the third is TCGETS2, which newer C libraries take for the first.
    pub(super) const TERMINAL: &[u32] = &[libc::TCGETS as u32, libc::TIOCGWINSZ as u32, 0x802c_542a];
    pub(super) const ATTRIBUTES: &[u32] = &[libc::PR_SET_DUMPABLE as u32, libc::PR_SET_NAME as u32];
}

/// A command that changes no file may not open one to write to it either.
const READS: &[Rule<'_>] = &[
    only(libc::SYS_openat, 2, Test::Without(bits::CHANGING)),
    #[cfg(target_arch = "x86_64")]
    only(libc::SYS_open, 1, Test::Without(bits::CHANGING)),
];

/// No memory becomes code, and no process is started. What is sent goes where the socket was connected to before.
const BOUNDED: &[Rule<'_>] = &[
    only(libc::SYS_mmap, 2, Test::Without(bits::EXECUTABLE)),
    only(libc::SYS_mprotect, 2, Test::Without(bits::EXECUTABLE)),
    only(libc::SYS_clone, 0, Test::With(bits::THREAD)),
    only(libc::SYS_ioctl, 1, Test::Among(bits::TERMINAL)),
    only(libc::SYS_prctl, 0, Test::Among(bits::ATTRIBUTES)),
    only(libc::SYS_prlimit64, 0, Test::Among(&[0])),
    only(libc::SYS_sendto, 4, Test::Null),
];

const fn only(call: c_long, argument: u32, test: Test<'_>) -> Rule<'_> {
    Rule { call, argument, only: Some(test) }
}

/// All rules, for a command that changes files or does not, and loads kernels or does not.
pub(super) fn rules(writes: bool, loads: bool) -> Vec<Rule<'static>> {
    let (changes, reads) = if writes { (CHANGES, &[][..]) } else { (&[][..], READS) };
    let loads = if loads { LOADS } else { &[] };
    let whole = [FILES, ITSELF, OLD, changes, loads].concat();
    let whole = whole.into_iter().map(|call| Rule { call, argument: 0, only: None });
    BOUNDED.iter().chain(reads).copied().chain(whole).collect()
}
