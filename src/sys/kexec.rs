//! `kexec_file_load(2)` and `reboot(2)`, behind a trait so that a test can stand where the kernel stands.

use nix::errno::Errno;
use nix::libc;
use std::ffi::CStr;
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Flags of `kexec_file_load` (include/uapi/linux/kexec.h).
pub mod flags {
    /// Forget the loaded image.
    pub const UNLOAD: u64 = 0x1;
    /// Load the crash kernel.
    pub const ON_CRASH: u64 = 0x2;
    /// There is no initrd; its descriptor is not looked at.
    pub const NO_INITRAMFS: u64 = 0x4;
    /// Linux 6.17: do not place segments in CMA, whose alignment is too small for a kernel (`dma_alloc_from_contiguous`
    /// clamps it): the decompressor would run into the initrd.
    pub const NO_CMA: u64 = 0x10;
}

/// What is handed to `kexec_file_load`.
#[derive(Debug, Clone, Copy)]
pub struct FileLoad<'a> {
    /// The kernel image; the call reads it from the start.
    pub kernel: BorrowedFd<'a>,
    /// The initrd, or [`flags::NO_INITRAMFS`] is added.
    pub initrd: Option<BorrowedFd<'a>>,
    /// The command line; its NUL is counted by the kernel.
    pub cmdline: &'a CStr,
    /// Of [`flags`], less `NO_INITRAMFS`.
    pub flags: u64,
}

/// The calls that change what this machine boots next.
pub trait Kexec: fmt::Debug {
    /// `kexec_file_load(2)`.
    ///
    /// # Errors
    /// The kernel's errno; 524 (`ENOTSUPP`) is not known to libc and comes as its number.
    fn load(&self, load: &FileLoad<'_>) -> Result<(), i32>;

    /// `kexec_file_load(2)` with `KEXEC_FILE_UNLOAD`, which a locked down kernel permits too.
    ///
    /// # Errors
    /// The kernel's errno.
    fn unload(&self, panic: bool) -> Result<(), i32>;

    /// `reboot(2)` with `LINUX_REBOOT_CMD_KEXEC`: does not return when it works, and writes nothing to disk before.
    ///
    /// # Errors
    /// The kernel's errno; `EINVAL` when nothing is loaded.
    fn jump(&self) -> i32;
}

/// The running kernel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

impl Kexec for Live {
    fn load(&self, load: &FileLoad<'_>) -> Result<(), i32> {
        let bytes = load.cmdline.to_bytes_with_nul();
        let (initrd, no_initrd) = match load.initrd {
            Some(fd) => (fd.as_raw_fd(), 0),
            None => (-1, flags::NO_INITRAMFS),
        };
        // SAFETY: the pointer and the length are of one live slice, which the kernel only reads; the descriptors are
        // borrowed for the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_kexec_file_load,
                load.kernel.as_raw_fd(),
                initrd,
                bytes.len(),
                bytes.as_ptr(),
                load.flags | no_initrd,
            )
        };
        if result == 0 { Ok(()) } else { Err(Errno::last_raw()) }
    }

    fn unload(&self, panic: bool) -> Result<(), i32> {
        let which = if panic { flags::ON_CRASH } else { 0 };
        // SAFETY: with UNLOAD the kernel looks at no other argument.
        let result = unsafe {
            libc::syscall(libc::SYS_kexec_file_load, -1, -1, 0usize, std::ptr::null::<u8>(), flags::UNLOAD | which)
        };
        if result == 0 { Ok(()) } else { Err(Errno::last_raw()) }
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
}
