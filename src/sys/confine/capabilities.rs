//! Capabilities (capabilities(7)).

use nix::errno::Errno;
use nix::libc;
use std::io;

/// Those that some command needs, with their numbers in include/uapi/linux/capability.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    /// Write to files of others: the TPM's device may belong to a user of its own.
    DacOverride = 1,
    /// Read files of others: a kernel may lie in somebody's home.
    DacReadSearch = 2,
    /// Lock secrets in memory.
    IpcLock = 14,
    /// Read the addresses of the kernel's memory (/proc/kcore).
    SysRawio = 17,
    /// See the addresses in /proc/iomem, and IMA's policy.
    SysAdmin = 21,
    /// Load kernels.
    SysBoot = 22,
    /// Hold a lease on a file of others.
    Lease = 28,
}

impl Capability {
    #[expect(clippy::as_conversions, reason = "an enum of small numbers")]
    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// `_LINUX_CAPABILITY_VERSION_3`: two words of capabilities.
const VERSION: u32 = 0x2008_0522;

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up all capabilities but these; gains none.
pub(super) fn keep(kept: &[Capability]) -> io::Result<()> {
    let mut words = [Word::default(); 2];
    let header = Header { version: VERSION, pid: 0 };
    // SAFETY: the kernel reads the header, and writes two words; all of them outlive the call.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw const header, &raw mut words) })?;
    let mask = kept.iter().fold(0, |mask, one| mask | one.bit());
    let [low, _] = words;
    let low = Word { effective: low.effective & mask, permitted: low.permitted & mask, inheritable: 0 };
    let words = [low, Word::default()];
    // SAFETY: the kernel reads the header and two words; all of them outlive the call.
    Ok(Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw const header, &raw const words) }).map(drop)?)
}
