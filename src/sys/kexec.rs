//! `kexec_file_load(2)`, `kexec_load(2)` and `reboot(2)`, and what a process gives up before them, behind a trait so that a test can
//! replace the kernel.

use super::confine::{self, Capability, Need};
use super::split::{self, Split};
use nix::errno::Errno;
use nix::libc;
use std::ffi::CStr;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Flags of `kexec_file_load` (include/uapi/linux/kexec.h).
pub mod flags {
    /// Unload the loaded image.
    pub const UNLOAD: u64 = 0x1;
    /// Load the crash kernel.
    pub const ON_CRASH: u64 = 0x2;
    /// There is no initrd; the kernel ignores its descriptor.
    pub const NO_INITRAMFS: u64 = 0x4;
    /// Linux 6.17: do not place segments in CMA. `dma_alloc_from_contiguous` clamps the alignment, which is then too small for a
    /// kernel: the decompressor would overwrite the initrd.
    pub const NO_CMA: u64 = 0x10;
    /// `kexec_load`: the crash kernel (`KEXEC_ON_CRASH`).
    pub const CRASH_SEGMENTS: u64 = 0x1;
    /// `kexec_load`, Linux 6.10: the kernel may rewrite the headers of the dump when processors or memory come and go
    /// (`KEXEC_CRASH_HOTPLUG_SUPPORT`).
    pub const CRASH_HOTPLUG: u64 = 0x8;
    /// `kexec_load`: the processor that the segments are for, `EM_X86_64 << 16`; elsewhere the one that the kernel runs on.
    pub(super) const ARCH: u64 = if cfg!(target_arch = "x86_64") { 62 << 16 } else { 0 };
    /// The name of this flag.
    pub const ARCH_NAME: &str = if cfg!(target_arch = "x86_64") { "KEXEC_ARCH_X86_64" } else { "KEXEC_ARCH_DEFAULT" };
}

/// The arguments of `kexec_file_load`.
#[derive(Debug, Clone, Copy)]
pub struct FileLoad<'a> {
    /// The kernel image; the call reads it from the start.
    pub kernel: BorrowedFd<'a>,
    /// The initrd; without one, [`flags::NO_INITRAMFS`] is added to the flags.
    pub initrd: Option<BorrowedFd<'a>>,
    /// The command line; the length that the kernel is given includes the NUL.
    pub cmdline: &'a CStr,
    /// A combination of [`flags`], without `NO_INITRAMFS`.
    pub flags: u64,
}

/// The arguments of `kexec_load`.
#[derive(Debug, Clone, Copy)]
pub struct SegmentsLoad<'a> {
    /// The physical address to jump to.
    pub entry: u64,
    /// At most 16 (`KEXEC_SEGMENT_MAX`).
    pub segments: &'a [RawSegment<'a>],
    /// A combination of [`flags::CRASH_SEGMENTS`] and [`flags::CRASH_HOTPLUG`].
    pub flags: u64,
}

/// `struct kexec_segment`.
#[derive(Debug, Clone, Copy)]
pub struct RawSegment<'a> {
    /// The bytes; the kernel fills the rest of the range with zeros.
    pub bytes: &'a [u8],
    /// The physical address of the range, a multiple of 4096.
    pub at: u64,
    /// The length of the range in bytes, a multiple of 4096.
    pub memory: u64,
}

/// The calls that change which kernel this machine boots next.
pub trait Kexec: fmt::Debug {
    /// `kexec_file_load(2)`.
    ///
    /// # Errors
    /// The kernel's errno. libc does not know 524 (`ENOTSUPP`), so it is shown as a number.
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32>;

    /// `kexec_file_load(2)` with `KEXEC_FILE_UNLOAD`, which a kernel in lockdown permits, too.
    ///
    /// # Errors
    /// The kernel's errno.
    fn file_unload(&self, panic: bool) -> Result<(), i32>;

    /// `kexec_load(2)`. Of the addresses, the kernel checks only the alignment, and that no two segments overlap.
    ///
    /// # Errors
    /// The kernel's errno.
    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32>;

    /// `kexec_load(2)` with no segments, which unloads; for kernels without `kexec_file_load`.
    ///
    /// # Errors
    /// The kernel's errno.
    fn segments_unload(&self, panic: bool) -> Result<(), i32>;

    /// `reboot(2)` with `LINUX_REBOOT_CMD_KEXEC`. If it succeeds, it does not return. It does not sync file systems.
    ///
    /// # Errors
    /// The kernel's errno; `EINVAL` when nothing is loaded.
    fn jump(&self) -> i32;

    /// Gives up, for good, what this process may do and does not need. A test gives up nothing.
    fn confine(&self, _need: &Need) {}

    /// Gives up all capabilities but these. A test gives up nothing.
    fn keep_capabilities(&self, _kept: &[Capability]) {}

    /// What [`confine`](Self::confine) could not give up, and why.
    fn kept(&self) -> Option<String> {
        None
    }

    /// Makes a second process; none in a test.
    ///
    /// # Errors
    /// That it cannot be made.
    fn split(&self) -> io::Result<Option<Split>> {
        Ok(None)
    }
}

/// The layout that the system call reads.
#[repr(C)]
struct CSegment {
    buf: *const u8,
    bufsz: usize,
    mem: u64,
    memsz: u64,
}

impl From<&RawSegment<'_>> for CSegment {
    fn from(segment: &RawSegment<'_>) -> Self {
        Self { buf: segment.bytes.as_ptr(), bufsz: segment.bytes.len(), mem: segment.at, memsz: segment.memory }
    }
}

/// The result of a system call.
fn answer(result: libc::c_long) -> Result<(), i32> {
    if result == 0 { Ok(()) } else { Err(Errno::last_raw()) }
}

/// The running kernel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

impl Kexec for Live {
    fn file_load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        let bytes = load.cmdline.to_bytes_with_nul();
        let (initrd, no_initrd) = match load.initrd {
            Some(fd) => (fd.as_raw_fd(), 0),
            None => (-1, flags::NO_INITRAMFS),
        };
        // SAFETY: pointer and length belong to one live slice, which the kernel only reads; the descriptors are borrowed for the
        // call.
        answer(unsafe {
            libc::syscall(
                libc::SYS_kexec_file_load,
                load.kernel.as_raw_fd(),
                initrd,
                bytes.len(),
                bytes.as_ptr(),
                load.flags | no_initrd,
            )
        })
    }

    fn file_unload(&self, panic: bool) -> Result<(), i32> {
        let which = if panic { flags::ON_CRASH } else { 0 };
        // SAFETY: with UNLOAD the kernel ignores all other arguments.
        answer(unsafe {
            libc::syscall(libc::SYS_kexec_file_load, -1, -1, 0usize, std::ptr::null::<u8>(), flags::UNLOAD | which)
        })
    }

    fn segments_load(&self, load: &SegmentsLoad<'_>) -> Result<(), i32> {
        let raw: Vec<_> = load.segments.iter().map(CSegment::from).collect();
        // SAFETY: the count is that of the array, and each element points to a live slice of its length; the kernel only reads
        // them.
        answer(unsafe {
            libc::syscall(libc::SYS_kexec_load, load.entry, raw.len(), raw.as_ptr(), flags::ARCH | load.flags)
        })
    }

    fn segments_unload(&self, panic: bool) -> Result<(), i32> {
        let which = if panic { flags::CRASH_SEGMENTS } else { 0 };
        // SAFETY: with a count of zero the kernel does not read the array.
        answer(unsafe {
            libc::syscall(libc::SYS_kexec_load, 0usize, 0usize, std::ptr::null::<u8>(), flags::ARCH | which)
        })
    }

    fn jump(&self) -> i32 {
        match nix::sys::reboot::reboot(nix::sys::reboot::RebootMode::RB_KEXEC) {
            Ok(never) => match never {},
            Err(errno) => {
                #[expect(clippy::as_conversions, reason = "an enum of errno numbers")]
                let number = errno as i32;
                number
            }
        }
    }

    fn confine(&self, need: &Need) {
        confine::confine(need);
    }

    fn keep_capabilities(&self, kept: &[Capability]) {
        confine::keep_capabilities(kept);
    }

    fn kept(&self) -> Option<String> {
        confine::kept()
    }

    fn split(&self) -> io::Result<Option<Split>> {
        split::split().map(Some)
    }
}
