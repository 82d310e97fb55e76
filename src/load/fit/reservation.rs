//! A crash kernel by the file method: the running kernel finds the places, after it has given up the crash kernel before.

use super::{Need, PAGE, SMALL_SEGMENTS, mebibytes, pages};
use crate::image::Kernel;
use crate::machine::Machine;
use crate::memory::PhysRange;
use crate::reason::{Finding, Reason};

/// What needs a place, in bytes.
#[derive(Debug, Clone, Copy)]
struct Parts {
    /// The headers of a dump.
    headers: u64,
    /// What is small besides.
    small: u64,
    kernel: u64,
    /// The kernel begins at a multiple of it.
    alignment: u64,
    initrd: u64,
}

impl Parts {
    /// Whether there is a place for each part: the headers at the start (arch/x86/kernel/crash.c, `crash_load_segments`), and from the end
    /// down the small ones, then the kernel, then the initrd (arch/x86/kernel/kexec-bzimage64.c, `bzImage64_load`).
    fn fit(self, reserved: PhysRange) -> Option<bool> {
        let top = reserved.end().get().checked_sub(self.small)?;
        let kernel = top.checked_sub(self.kernel)?;
        let kernel = kernel.checked_sub(kernel.checked_rem(self.alignment)?)?;
        let below = kernel.checked_sub(reserved.start().get())?.checked_sub(self.headers)?;
        let above = top.checked_sub(kernel)?.checked_sub(self.kernel)?;
        Some(self.initrd <= below.max(above))
    }
}

/// Whether the running kernel will find the places.
///
/// # Errors
/// `crash-too-small`.
pub(super) fn has_room(image: &Kernel, kernel: Need, initrd: u64, machine: &Machine) -> Result<(), Finding> {
    // The kernel takes the last range alone (`crashk_res`). Where its address is not known, its size has been compared.
    let map = machine.memory.map.as_ref().ok();
    let Some(reserved) = map.and_then(|map| map.reserved.iter().max()) else { return Ok(()) };
    let alignment = match image {
        Kernel::BzImage(header) => header.kernel_alignment.into(),
        Kernel::Elf(_) => PAGE,
    };
    let parts = Parts {
        // Where the kernel does not keep them up to date, they have as many entries as there are processors and ranges of memory.
        headers: pages(machine.kexec.crash_headers.unwrap_or(SMALL_SEGMENTS)),
        small: SMALL_SEGMENTS,
        kernel: kernel.bytes,
        alignment,
        initrd: pages(initrd),
    };
    if parts.fit(*reserved) == Some(true) {
        return Ok(());
    }
    let detail = format!(
        "{} MiB for {} at a multiple of {} KiB, {} KiB for the headers of the dump and {} MiB of initrd; crashkernel= reserved {} MiB",
        mebibytes(kernel.bytes),
        kernel.what(),
        alignment >> 10,
        parts.headers >> 10,
        mebibytes(initrd),
        reserved.len() >> 20
    );
    Err(Finding::new(Reason::CrashTooSmall, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::PhysAddr;

    const MIB: u64 = 1 << 20;

    #[test]
    fn places_are_found_from_the_end_down() {
        let parts =
            Parts { headers: 464 << 10, small: 64 << 10, kernel: 30 * MIB, alignment: 2 * MIB, initrd: 20 * MIB };
        // The start and the size of the reservation, and what is placed.
        let rows = [
            (0, 64, parts, true),
            // The small parts push the kernel to the multiple below.
            (0, 53, parts, true),
            // The headers leave the initrd too little.
            (0, 52, parts, false),
            (0, 52, Parts { headers: 0, ..parts }, true),
            (1, 53, parts, true),
            (1, 51, parts, false),
            (0, 31, parts, false),
            (0, 20, parts, false),
            // The initrd fits above the kernel.
            (120, 40, Parts { kernel: 10 * MIB, alignment: 64 * MIB, ..parts }, true),
            (130, 40, Parts { kernel: 10 * MIB, alignment: 64 * MIB, ..parts }, false),
            // The headers are where the kernel would be.
            (0, 64, Parts { kernel: 31 * MIB, alignment: 64 * MIB, ..parts }, false),
            (0, 64, Parts { alignment: 0, ..parts }, false),
            (0, 64, Parts { small: u64::MAX, ..parts }, false),
        ];
        for (start, size, parts, wanted) in rows {
            let reserved = PhysRange::of_length(PhysAddr::new(start * MIB), size * MIB).unwrap();
            assert_eq!(parts.fit(reserved).unwrap_or(false), wanted, "{start} {size} {parts:?}");
        }
    }
}
