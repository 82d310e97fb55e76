//! Whether a crash kernel has the memory to unpack its initrd: without it, it would panic before it has written a dump.

use crate::authorize::{Authorized, Unpacked};
use crate::image::cmdline::Cmdline;
use crate::machine::{Machine, Release};
use crate::memory::{MIB, PhysRange};
use crate::reason::{Caution, Finding, Reason, Warning};
use crate::system::Method;

/// What a kernel takes for itself at its start, besides its own image.
const OWN: u64 = 16 * MIB;
/// `crashkernel=` is given in steps of this size.
const STEP: u64 = 16 * MIB;

/// How many hundredths of the memory that is free at the start the files may fill.
type Share = u64;

const ALL: Share = 100;
/// What a tmpfs may fill if nothing else is said (mm/shmem.c, `shmem_default_max_blocks`).
const HALF: Share = 50;

/// Memory of which the files fill no more than their share.
fn around(files: u64, share: Share) -> u64 {
    let bytes = u128::from(files).saturating_mul(ALL.into()).checked_div(share.into());
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(u64::MAX)
}

/// What lies in a crash kernel's memory when it has unpacked its initrd, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Load {
    /// With the memory that it takes to unpack itself.
    kernel: u64,
    /// Packed: it is no smaller when it runs.
    kernel_packed: u64,
    /// As it was loaded: it is freed only when it is unpacked.
    packed: u64,
    unpacked: Unpacked,
    /// What the files may fill: at least, and at most. They differ where an older kernel may not know a parameter.
    share: (Share, Share),
}

impl Load {
    /// Without this much, the files surely do not fit: nothing is assumed of what the kernel needs besides.
    fn least(self) -> u64 {
        sum([self.kernel_packed, self.packed, around(self.unpacked.least, self.share.1)])
    }

    /// With this much they usually fit.
    fn enough(self) -> u64 {
        sum([OWN, self.kernel, self.packed, around(self.unpacked.usual, self.share.0)])
    }

    /// A refusal where the files surely do not fit into `most` bytes, and a warning where they may not fit into `least`.
    fn fits(self, (least, most): (u64, u64)) -> Result<Option<Warning>, Finding> {
        let enough = self.enough();
        if enough <= least {
            return Ok(None);
        }
        let [kernel, packed, unpacked] =
            [self.kernel, self.packed, self.unpacked.usual].map(|bytes| bytes.div_ceil(MIB));
        let wanted = enough.checked_next_multiple_of(STEP).unwrap_or(u64::MAX) / MIB;
        let share = match self.share.0 {
            ALL => String::new(),
            percent => format!(", which may fill {percent} % of the memory"),
        };
        let seen = format!(
            "{kernel} MiB for the kernel, {packed} MiB of initrd, {unpacked} MiB of its files{share}; crashkernel= reserved {} MiB: \
             it takes crashkernel={wanted}M",
            least / MIB
        );
        if self.least() > most {
            return Err(Finding::new(Reason::CrashUnpack, seen));
        }
        Ok(Some(Warning::new(Caution::CrashTight, format!("{}: {seen}", Caution::CrashTight.means()))))
    }
}

fn sum<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

/// Whether the files of the initrd fit beside the kernel and the initrd itself; a warning where that is not sure. Where the size of
/// the reservation is not known, nothing is said.
///
/// # Errors
/// `crash-unpack`; why an initrd cannot be read.
pub(super) fn has_room(authorized: &Authorized, machine: &Machine, method: Method) -> Result<Option<Warning>, Finding> {
    let Some(reserved) = reserved(machine) else { return Ok(None) };
    let (image, initrds) = (authorized.image(), authorized.initrds());
    let load = Load {
        kernel: image.memory(),
        kernel_packed: image.loaded(),
        packed: initrds.length(),
        unpacked: initrds.unpacked()?,
        share: share(authorized.cmdline(), image.release()),
    };
    // By segments, what `crashkernel=SIZE,cma` reserved is memory of the old kernel's like any other.
    load.fits(match (method, machine.kexec.crash_cma) {
        (Method::Segments, _) => (reserved, reserved),
        (Method::File, Some(cma)) => (reserved.saturating_add(cma), reserved.saturating_add(cma)),
        (Method::File, None) => (reserved, u64::MAX),
    })
}

/// All that is reserved, for devices too.
fn reserved(machine: &Machine) -> Option<u64> {
    let map = machine.memory.map.as_ref().ok();
    let seen = map.map(|map| map.reserved.iter().copied().map(PhysRange::len).fold(0, u64::saturating_add));
    seen.filter(|bytes| *bytes > 0).or(machine.kexec.crash_size)
}

/// What the files of the initial file system may fill, at least and at most.
fn share(cmdline: &Cmdline, release: Option<&str>) -> (Share, Share) {
    if !starts_in_tmpfs(cmdline) {
        return (ALL, ALL);
    }
    let asked = asked(cmdline).unwrap_or(HALF);
    // `initramfs_options=` came with 6.18. Older kernels of distributions may have it, too.
    let known = release.is_some_and(|release| Release::parse(release).at_least(6, 18));
    if known { (asked, asked) } else { (asked.min(HALF), asked.max(HALF)) }
}

/// Whether the initial file system is a tmpfs where the kernel has one (init/do_mounts.c, `init_rootfs`): `rootfstype=` says so, or
/// neither that nor `root=` is given.
fn starts_in_tmpfs(cmdline: &Cmdline) -> bool {
    match cmdline.values("rootfstype").last() {
        Some(kinds) => kinds.contains("tmpfs"),
        None => cmdline.values("root").last().unwrap_or_default().is_empty(),
    }
}

/// The share of `initramfs_options=size=N%` (fs/namespace.c, `init_mount_tree`; mm/shmem.c, `shmem_parse_one`). No size of zero is a
/// limit; one in bytes is taken for enough.
fn asked(cmdline: &Cmdline) -> Option<Share> {
    let options = cmdline.values("initramfs_options").last()?;
    let size = options.split(',').filter_map(|option| option.strip_prefix("size=")).next_back()?;
    let percent = size.strip_suffix('%').and_then(|percent| percent.parse().ok());
    Some(percent.filter(|percent| (1..ALL).contains(percent)).unwrap_or(ALL))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load {
        kernel: 64 * MIB,
        kernel_packed: 10 * MIB,
        packed: 30 * MIB,
        unpacked: Unpacked { least: 90 * MIB, usual: 100 * MIB },
        share: (ALL, ALL),
    };

    #[test]
    fn what_surely_does_not_fit_is_refused_and_the_size_to_reserve_is_named() {
        let fits = |load: Load, reserved: u64| load.fits((reserved * MIB, reserved * MIB));
        assert_eq!(fits(LOAD, 210), Ok(None));
        let warning = fits(LOAD, 209).unwrap().unwrap();
        assert_eq!(warning.caution, Caution::CrashTight);
        assert!(warning.message.ends_with("reserved 209 MiB: it takes crashkernel=224M"), "{}", warning.message);
        assert!(fits(LOAD, 130).unwrap().is_some());
        let refused = fits(LOAD, 129).unwrap_err();
        assert_eq!(refused.reason, Reason::CrashUnpack);
        assert!(refused.detail.ends_with("it takes crashkernel=224M"), "{}", refused.detail);
        let half = Load { share: (HALF, HALF), ..LOAD };
        assert_eq!((half.least(), half.enough()), (220 * MIB, 310 * MIB));
        assert_eq!(half.fits((0, u64::MAX)).unwrap().unwrap().caution, Caution::CrashTight);
        assert!(
            half.fits((u64::MAX, u64::MAX)) == Ok(None)
                && Load { unpacked: Unpacked { least: u64::MAX, usual: u64::MAX }, ..half }.fits((MIB, MIB)).is_err()
        );
    }

    #[test]
    fn the_initial_file_system_is_a_tmpfs_or_not() {
        let rows = [
            ("quiet", true),
            ("root=", true),
            ("root=/dev/vda1", false),
            ("root=/dev/vda1 root=", true),
            ("root=/dev/vda1 rootfstype=tmpfs", true),
            ("rootfstype=ext4", false),
            ("rootfstype=", false),
            ("rootfstype=ext4,tmpfs", true),
            ("rootfstype=tmpfs rootfstype=ext4", false),
            ("-- root=x rootfstype=ext4", true),
        ];
        for (line, wanted) in rows {
            assert_eq!(starts_in_tmpfs(&Cmdline::new(line)), wanted, "{line}");
        }
    }

    #[test]
    fn the_options_of_a_tmpfs_say_how_much_it_may_fill() {
        let rows = [
            ("quiet", HALF, (HALF, HALF)),
            ("initramfs_options=mode=0755", HALF, (HALF, HALF)),
            ("initramfs_options=size=90%", 90, (HALF, 90)),
            ("initramfs_options=size=90% initramfs_options=mode=0755,size=30%", 30, (30, HALF)),
            ("initramfs_options=size=0", ALL, (HALF, ALL)),
            ("initramfs_options=size=0%", ALL, (HALF, ALL)),
            ("initramfs_options=size=100%", ALL, (HALF, ALL)),
            ("initramfs_options=size=1G", ALL, (HALF, ALL)),
            ("initramfs_options=size=1% root=/dev/vda1", ALL, (ALL, ALL)),
        ];
        for (line, new, old) in rows {
            let cmdline = Cmdline::new(line);
            assert_eq!(share(&cmdline, Some("6.18.0")), (new, new), "{line}");
            assert_eq!(share(&cmdline, Some("6.12.95+deb12-amd64")), old, "{line}");
            assert_eq!(share(&cmdline, None), old, "{line}");
        }
        assert_eq!((around(3, 30), around(u64::MAX, 1), around(7, ALL)), (10, u64::MAX, 7));
    }
}
