//! Whether a crash kernel has the memory to unpack its initrd: without it, it would panic before it has written a dump.

use crate::authorize::Authorized;
use crate::image::cmdline::Cmdline;
use crate::machine::Machine;
use crate::memory::{MIB, PhysRange};
use crate::reason::{Finding, Reason};

/// What a kernel takes for itself at its start, besides its own image.
const OWN: u64 = 16 * MIB;
/// `crashkernel=` is given in steps of this size.
const STEP: u64 = 16 * MIB;

/// What lies in a crash kernel's memory when it has unpacked its initrd, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Load {
    kernel: u64,
    /// As it was loaded: it is freed only when it is unpacked.
    packed: u64,
    unpacked: u64,
    /// Its files may fill half of the memory only: the initial file system is a tmpfs then.
    half: bool,
}

impl Load {
    fn least(self) -> u64 {
        let files = if self.half { self.unpacked.saturating_mul(2) } else { self.unpacked };
        [self.kernel, self.packed, files].into_iter().fold(OWN, u64::saturating_add)
    }

    fn fits(self, reserved: u64) -> Result<(), Finding> {
        let least = self.least();
        if least <= reserved {
            return Ok(());
        }
        let [kernel, packed, unpacked] = [self.kernel, self.packed, self.unpacked].map(|bytes| bytes.div_ceil(MIB));
        let wanted = least.checked_next_multiple_of(STEP).unwrap_or(u64::MAX) / MIB;
        let half = if self.half { ", which may fill half of the memory" } else { "" };
        let seen = format!(
            "{kernel} MiB for the kernel, {packed} MiB of initrd, {unpacked} MiB of its files{half}; crashkernel= reserved {} MiB: \
             it takes crashkernel={wanted}M",
            reserved / MIB
        );
        Err(Finding::new(Reason::CrashUnpack, seen))
    }
}

/// Whether the files of the initrd fit beside the kernel and the initrd itself. Where the size of the reservation is not known, nothing
/// is said.
///
/// # Errors
/// `crash-unpack`; why an initrd cannot be read.
pub(super) fn has_room(authorized: &Authorized, machine: &Machine) -> Result<(), Finding> {
    let Some(reserved) = reserved(machine) else { return Ok(()) };
    let initrds = authorized.initrds();
    let load = Load {
        kernel: authorized.image().memory(),
        packed: initrds.length(),
        unpacked: initrds.unpacked()?,
        half: starts_in_tmpfs(authorized.cmdline()),
    };
    load.fits(reserved)
}

/// All that is reserved, for devices too.
fn reserved(machine: &Machine) -> Option<u64> {
    let map = machine.memory.map.as_ref().ok();
    let seen = map.map(|map| map.reserved.iter().copied().map(PhysRange::len).fold(0, u64::saturating_add));
    seen.filter(|bytes| *bytes > 0).or(machine.kexec.crash_size)
}

/// Without `root=`, the initial file system is a tmpfs where the kernel has one (init/do_mounts.c, `init_rootfs`).
fn starts_in_tmpfs(cmdline: &Cmdline) -> bool {
    cmdline.values("root").next().is_none() || cmdline.values("rootfstype").any(|kinds| kinds.contains("tmpfs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_to_reserve_is_named() {
        let load = Load { kernel: 64 * MIB, packed: 30 * MIB, unpacked: 100 * MIB, half: false };
        assert_eq!(load.fits(210 * MIB), Ok(()));
        let refused = load.fits(209 * MIB).unwrap_err();
        assert_eq!(refused.reason, Reason::CrashUnpack);
        assert!(refused.detail.ends_with("it takes crashkernel=224M"), "{}", refused.detail);
        let half = Load { half: true, ..load };
        assert_eq!(half.least(), 310 * MIB);
        assert!(half.fits(u64::MAX).is_ok() && Load { unpacked: u64::MAX, ..half }.fits(MIB).is_err());
    }

    #[test]
    fn a_root_makes_it_a_ramfs() {
        for (line, wanted) in
            [("quiet", true), ("root=/dev/vda1", false), ("root=/dev/vda1 rootfstype=tmpfs", true), ("-- root=x", true)]
        {
            assert_eq!(starts_in_tmpfs(&Cmdline::new(line)), wanted, "{line}");
        }
    }
}
