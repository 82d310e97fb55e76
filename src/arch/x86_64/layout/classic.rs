//! A bzImage as every boot loader lays it out: its protected-mode code, with all memory in which it unpacks itself loaded, too.

use crate::image::bzimage::SetupHeader;
use crate::memory::{MIB, PhysAddr};
use crate::placement::{Constraints, Content, Role, SegmentSpec};

/// The segment of `init_size` bytes.
pub(super) fn spec<'a>(header: &SetupHeader, code: &'a [u8]) -> SegmentSpec<'a> {
    let kernel = SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(code));
    SegmentSpec { memory: header.init_size.into(), constraints: constraints(header), ..kernel }
}

/// Below `pref_address` or off its alignment the kernel would move itself there, out of the memory that was kept free for it.
/// Every bzImage that [`SetupHeader::parse`] takes can be loaded above 4 GiB.
pub(super) fn constraints(header: &SetupHeader) -> Constraints {
    let preferred = PhysAddr::new(header.pref_address);
    Constraints {
        alignment: header.kernel_alignment.into(),
        fallback_alignment: fallback_alignment(header),
        lowest: preferred.max(PhysAddr::new(MIB)),
        fixed: (!header.relocatable).then_some(preferred),
        ..Constraints::default()
    }
}

/// The alignment that a bzImage at this address is to keep. It reads it at its 64-bit entry, and moves where it is not kept
/// (arch/x86/boot/compressed/head_64.S): its own, where that is kept; else the least that it can do with.
pub(super) fn kept_alignment(header: &SetupHeader, start: PhysAddr) -> u32 {
    if start.align_down(header.kernel_alignment.into()) == Some(start) {
        return header.kernel_alignment;
    }
    u32::try_from(fallback_alignment(header)).unwrap_or(header.kernel_alignment)
}

/// `1 << min_alignment`, where that asks for less than `kernel_alignment`; zero says nothing.
pub(super) fn fallback_alignment(header: &SetupHeader) -> u64 {
    let alignment = u64::from(header.kernel_alignment);
    match header.min_alignment {
        0 => alignment,
        shift => 1_u64.checked_shl(shift.into()).map_or(alignment, |least| least.min(alignment)),
    }
}
