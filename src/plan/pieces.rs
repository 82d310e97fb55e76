//! The pieces that a bzImage is loaded in (Documentation/arch/x86/boot.rst).

use super::place::Piece;
use crate::image::bzimage::SetupHeader;
use crate::memory::{MIB, PAGE, PhysAddr, PhysRange};

/// Where initrds may begin: nothing that lies low is overwritten by a kernel that unpacks itself.
const INITRD_LOWEST: PhysAddr = PhysAddr::new(16 * MIB);

/// The protected-mode part, `bytes` long. It takes `init_size`, in which it unpacks itself; below `pref_address` or off its
/// alignment it would move there, out of what was kept free for it.
///
/// Its boot_params must say [`alignment_at`] its address.
#[must_use]
pub fn kernel(header: &SetupHeader, bytes: u64) -> Piece {
    let preferred = PhysAddr::new(header.pref_address);
    let alignment = u64::from(header.kernel_alignment);
    Piece {
        memsz: bytes.max(header.init_size.into()),
        alignment,
        fallback_alignment: fallback_alignment(header),
        lowest: preferred.max(PhysAddr::new(MIB)),
        highest: highest(header),
        fixed: (!header.relocatable).then_some(preferred),
        ..anywhere("kernel", bytes)
    }
}

/// A segment of a vmlinux, `bytes` long in the file, which runs only where it was linked to be.
#[must_use]
pub fn vmlinux(pages: PhysRange, bytes: u64) -> Piece {
    Piece { memsz: pages.len(), fixed: Some(pages.start()), ..anywhere("kernel", bytes) }
}

/// The `kernel_alignment` that boot_params must hold for a kernel at this address: its own, where that is kept; else the least
/// that it can do with. The 64-bit entry reads it there, and moves the kernel where it is not kept
/// (arch/x86/boot/compressed/head_64.S).
#[must_use]
pub fn alignment_at(header: &SetupHeader, start: PhysAddr) -> u32 {
    if start.align_down(header.kernel_alignment.into()) == Some(start) {
        return header.kernel_alignment;
    }
    u32::try_from(fallback_alignment(header)).unwrap_or(header.kernel_alignment)
}

/// The initrds, joined.
#[must_use]
pub fn initrd(bytes: u64) -> Piece {
    Piece { lowest: INITRD_LOWEST, ..anywhere("initrd", bytes) }
}

/// boot_params, and what they point to: command line, setup_data, EFI's memory map.
#[must_use]
pub fn boot_params(bytes: u64) -> Piece {
    anywhere("boot_params", bytes)
}

/// Our purgatory: the bytes of its image, and what it takes with its stack.
#[must_use]
pub fn purgatory(bytes: u64, memory: u64) -> Piece {
    Piece { memsz: memory, ..anywhere("purgatory", bytes) }
}

/// Where everything of this kernel must end: 4 GiB without `XLF_CAN_BE_LOADED_ABOVE_4G`, as [`super::place::Room::highest`].
#[must_use]
pub fn highest(header: &SetupHeader) -> PhysAddr {
    PhysAddr::new(if header.above_4g() { u64::MAX } else { 4 << 30 })
}

/// `1 << min_alignment`, where that asks for less than `kernel_alignment`; zero says nothing.
fn fallback_alignment(header: &SetupHeader) -> u64 {
    let alignment = u64::from(header.kernel_alignment);
    match header.min_alignment {
        0 => alignment,
        shift => 1_u64.checked_shl(shift.into()).map_or(alignment, |least| least.min(alignment)),
    }
}

/// A piece that takes what it copies, at any page from 1 MiB on.
fn anywhere(name: &'static str, bytes: u64) -> Piece {
    Piece {
        name,
        bufsz: bytes,
        memsz: bytes,
        alignment: PAGE,
        fallback_alignment: PAGE,
        lowest: PhysAddr::new(MIB),
        highest: PhysAddr::new(u64::MAX),
        fixed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian's 6.12, as far as placement goes.
    fn header() -> SetupHeader {
        SetupHeader {
            version: 0x20f,
            setup_size: 0x4000,
            system_size: 0xb0_0000,
            xloadflags: 0x7f,
            cmdline_size: 2047,
            kernel_alignment: 0x20_0000,
            min_alignment: 21,
            relocatable: true,
            pref_address: 0x100_0000,
            init_size: 0x380_0000,
            release: None,
        }
    }

    #[test]
    fn a_kernel_takes_init_size() {
        let piece = kernel(&header(), 0xb0_0123);
        assert_eq!((piece.bufsz, piece.memsz), (0xb0_0123, 0x380_0000));
        assert_eq!((piece.alignment, piece.fallback_alignment), (0x20_0000, 0x20_0000));
        assert_eq!((piece.lowest, piece.highest), (PhysAddr::new(0x100_0000), PhysAddr::new(u64::MAX)));
        assert_eq!(piece.fixed, None);
        assert_eq!(kernel(&header(), 0x400_0000).memsz, 0x400_0000);
    }

    #[test]
    fn what_cannot_move_is_fixed() {
        let fixed = kernel(&SetupHeader { relocatable: false, ..header() }, 1);
        assert_eq!(fixed.fixed, Some(PhysAddr::new(0x100_0000)));
        let low = kernel(&SetupHeader { pref_address: 0x1000, ..header() }, 1);
        assert_eq!(low.lowest, PhysAddr::new(MIB));
        let below = SetupHeader { xloadflags: 0x7d, ..header() };
        assert_eq!((highest(&below), kernel(&below, 1).highest), (PhysAddr::new(4 << 30), PhysAddr::new(4 << 30)));
    }

    #[test]
    fn the_least_alignment_is_a_shift() {
        let rows = [
            (0, 0x20_0000),
            (12, 0x1000),
            (21, 0x20_0000),
            (24, 0x20_0000),
            (63, 0x20_0000),
            (64, 0x20_0000),
            (255, 0x20_0000),
        ];
        for (min_alignment, wanted) in rows {
            assert_eq!(fallback_alignment(&SetupHeader { min_alignment, ..header() }), wanted, "{min_alignment}");
        }
    }

    #[test]
    fn boot_params_say_what_is_kept() {
        let header = SetupHeader { kernel_alignment: 0x100_0000, ..header() };
        let rows = [(0x100_0000, 0x100_0000), (0x300_0000, 0x100_0000), (0x320_0000, 0x20_0000)];
        for (start, wanted) in rows {
            assert_eq!(alignment_at(&header, PhysAddr::new(start)), wanted, "{start:#x}");
        }
    }

    #[test]
    fn the_others_go_anywhere() {
        assert_eq!(initrd(5).lowest, PhysAddr::new(0x100_0000));
        assert_eq!((boot_params(5).lowest, purgatory(5, 9).lowest), (PhysAddr::new(MIB), PhysAddr::new(MIB)));
        assert_eq!((purgatory(5, 9).bufsz, purgatory(5, 9).memsz), (5, 9));
    }
}
