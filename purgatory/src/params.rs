//! The parameter block, at the end of the image's file bytes.

use core::mem::{offset_of, size_of};

/// Regions that can be checked: as many segments as `kexec_load` takes (`KEXEC_SEGMENT_MAX`).
pub const REGIONS: usize = 16;
/// Spans that can be zeroed.
pub const SPANS: usize = 16;
/// Bytes of a region's name.
pub const NAME: usize = 24;

/// What the loader tells the purgatory; all addresses are physical.
///
/// The block ends the image's file bytes, and `self_digest` ends the block, so that the digest of all else is one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Params {
    /// [`Params::MAGIC`], which changes with the layout of this block.
    pub magic: u64,
    /// The kernel's 64-bit entry point.
    pub entry: u64,
    /// What the kernel finds in RSI.
    pub boot_params: u64,
    /// The page tables that are used once everything was found sound (the physical address of their root); 0: those that the
    /// running kernel left stay in use.
    pub cr3: u64,
    /// Not zero: the processor has the SHA extensions, SSSE3 and SSE4.1.
    pub sha_ni: u32,
    /// A [`Console`].
    pub console: u32,
    /// The first I/O port of the UART, for [`Console::SERIAL`].
    pub port: u32,
    /// An [`OnMismatch`].
    pub on_mismatch: u32,
    /// How many of `regions` are in use.
    pub region_count: u32,
    /// How many of `zero` are in use.
    pub span_count: u32,
    /// What is checked.
    pub regions: [Region; REGIONS],
    /// What is zeroed once everything was found sound.
    pub zero: [Span; SPANS],
    /// What is copied once everything was found sound.
    pub backup: Backup,
    /// SHA-256 of the file bytes before this field.
    pub self_digest: [u8; 32],
}

/// A stretch of memory and the digest it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Region {
    /// Its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub digest: [u8; 32],
    /// What the report calls it: ASCII, filled up with NULs.
    pub name: [u8; NAME],
}

/// A stretch of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Span {
    /// Its first byte.
    pub start: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// Memory of the old kernel's that the new one may overwrite, and where its copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Backup {
    /// The first byte of what is copied.
    pub from: u64,
    /// The first byte of the copy; the two may not overlap.
    pub to: u64,
    /// How many bytes; 0: nothing is copied.
    pub length: u64,
}

/// Values of [`Params::console`].
#[derive(Debug, Clone, Copy)]
pub struct Console;

impl Console {
    /// Says nothing.
    pub const NONE: u32 = 0;
    /// A 16550 UART at [`Params::port`], with the speed it was left at.
    pub const SERIAL: u32 = 1;
    /// The VGA text buffer at 0xb8000.
    pub const VGA: u32 = 2;
}

/// Values of [`Params::on_mismatch`].
#[derive(Debug, Clone, Copy)]
pub struct OnMismatch;

impl OnMismatch {
    /// Reset the machine: it comes back through its firmware.
    pub const RESET: u32 = 0;
    /// Stop the processor, so that the report can be read.
    pub const HALT: u32 = 1;
}

impl Params {
    /// The first eight bytes; the last of them is the version.
    pub const MAGIC: u64 = u64::from_le_bytes(*b"skpurg\0\x03");
    /// Bytes of the block.
    pub const SIZE: usize = size_of::<Self>();
    /// Nothing to check and nothing to zero.
    pub const EMPTY: Self = Self {
        magic: Self::MAGIC,
        entry: 0,
        boot_params: 0,
        cr3: 0,
        sha_ni: 0,
        console: Console::NONE,
        port: 0,
        on_mismatch: OnMismatch::RESET,
        region_count: 0,
        span_count: 0,
        regions: [Region { start: 0, length: 0, digest: [0; 32], name: [0; NAME] }; REGIONS],
        zero: [Span { start: 0, length: 0 }; SPANS],
        backup: Backup { from: 0, to: 0, length: 0 },
        self_digest: [0; 32],
    };

    /// The bytes as they stand in the image.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::SIZE] {
        // SAFETY: the struct has no padding (see the assertions below), so that every byte of it is initialized.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

// What the entry code and the linker script know by number; and no padding anywhere.
const _: () = {
    assert!(size_of::<Region>() == 16 + 32 + NAME);
    assert!(size_of::<Span>() == 16);
    assert!(
        Params::SIZE
            == 4 * 8 + 6 * 4 + REGIONS * size_of::<Region>() + SPANS * size_of::<Span>() + size_of::<Backup>() + 32
    );
    assert!(Params::SIZE == 1520);
    assert!(offset_of!(Params, magic) == 0);
    assert!(offset_of!(Params, entry) == 8);
    assert!(offset_of!(Params, boot_params) == 16);
    assert!(offset_of!(Params, cr3) == 24);
    assert!(offset_of!(Params, on_mismatch) == 44);
    assert!(offset_of!(Params, regions) == 56);
    assert!(offset_of!(Params, zero) == 1208);
    assert!(offset_of!(Params, backup) == 1464);
    assert!(offset_of!(Params, self_digest) == Params::SIZE - 32);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_fields_in_order() {
        let mut params = Params { entry: 0x0102, span_count: 7, self_digest: [9; 32], ..Params::EMPTY };
        params.zero[15].length = 0x55;
        params.backup.length = 0x66;
        let bytes = params.as_bytes();
        assert_eq!(bytes[..16], *b"skpurg\0\x03\x02\x01\0\0\0\0\0\0");
        assert_eq!(bytes[52..56], [7, 0, 0, 0]);
        assert_eq!(bytes[Params::SIZE - 64..Params::SIZE - 56], [0x55, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[Params::SIZE - 40..Params::SIZE - 32], [0x66, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[Params::SIZE - 32..], [9; 32]);
    }
}
