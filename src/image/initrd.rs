//! initrds: how they are recognised, how several are joined, and what they consist of.

mod contents;
mod segments;

pub(crate) use contents::{Contents, EarlyFile};
pub(crate) use segments::{Segment, segments};

/// The kernel looks for a cpio header at multiples of four only (init/initramfs.c, `unpack_to_rootfs`).
pub(crate) const ALIGNMENT: u64 = 4;

/// Zero bytes to put after `length` bytes so that the next archive starts aligned.
#[must_use]
pub(crate) fn padding(length: u64) -> u64 {
    length.next_multiple_of(ALIGNMENT).saturating_sub(length)
}

/// The first bytes of the formats that the kernel unpacks: cpio, and the compressions of `lib/decompress.c`.
const MAGIC: &[&[u8]] = &[
    b"070701",
    b"070702",
    &[0x1f, 0x8b],
    &[0x1f, 0x9e],
    b"BZh",
    &[0x5d, 0x00, 0x00],
    &[0xfd, b'7', b'z', b'X', b'Z', 0x00],
    &[0x89, b'L', b'Z', b'O'],
    &[0x02, 0x21, 0x4c, 0x18],
    &[0x28, 0xb5, 0x2f, 0xfd],
];

/// Whether the file starts like an initrd.
#[must_use]
pub(crate) fn claimed_by(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_archive_starts_aligned() {
        for (length, wanted) in [(0, 0), (1, 3), (2, 2), (3, 1), (4, 0), (u64::from(u32::MAX), 1)] {
            assert_eq!(padding(length), wanted, "{length}");
        }
    }
}
