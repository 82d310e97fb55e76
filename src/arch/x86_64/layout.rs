//! The layouts of a kernel in memory: which segments it has, where they may lie, where it is entered.

use super::boot_params::Header;
use crate::image::Kernel;
use crate::image::bzimage::SetupHeader;
use crate::image::elf::Vmlinux;
use crate::memory::{MIB, PhysAddr};
use crate::placement::{Constraints, Content, Role, Segment, SegmentSpec};
use crate::reason::{Finding, Reason};
use std::ops::Range;

/// Offset of the 64-bit entry point from where a bzImage's protected-mode code is loaded (boot.rst, "64-bit Boot
/// Protocol").
const ENTRY_64: u64 = 0x200;

/// How a kernel lies in memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout<'a> {
    /// The protected-mode code of a bzImage in one segment of `init_size` bytes, in which it decompresses itself.
    Classic(&'a SetupHeader),
    /// The segments of an ELF kernel, each at the address that it was linked for.
    Elf(&'a Vmlinux),
}

impl<'a> Layout<'a> {
    /// The layout for a kernel.
    pub(super) const fn of(kernel: &'a Kernel) -> Self {
        match kernel {
            Kernel::BzImage(header) => Self::Classic(header),
            Kernel::Elf(vmlinux) => Self::Elf(vmlinux),
        }
    }

    /// The kernel's segments.
    ///
    /// # Errors
    /// `truncated` where the file ends before the headers say.
    pub(super) fn specs(self, file: &'a [u8]) -> Result<Vec<SegmentSpec<'a>>, Finding> {
        match self {
            Self::Classic(header) => Ok(vec![classic(header, cut(file, header.setup_size..header.end())?)]),
            Self::Elf(vmlinux) => elf(vmlinux, file),
        }
    }

    /// The setup_header for boot_params.
    pub(super) const fn header(self, file: &'a [u8]) -> Header<'a> {
        match self {
            Self::Classic(_) => Header::BzImage(file),
            Self::Elf(vmlinux) => Header::Elf { efi_kexec: vmlinux.efi_kexec },
        }
    }

    /// The physical address at which the kernel is entered when its segments have these addresses.
    pub(super) fn entry(self, segments: &[Segment<'_>]) -> Option<PhysAddr> {
        match self {
            Self::Classic(_) => start(segments)?.checked_add(ENTRY_64),
            Self::Elf(vmlinux) => Some(vmlinux.entry),
        }
    }

    /// The `kernel_alignment` that boot_params must hold when the kernel's segments have these addresses; `None` for a kernel
    /// that does not read it. A bzImage reads it at its 64-bit entry, and moves where it is not kept
    /// (arch/x86/boot/compressed/head_64.S): its own, where that is kept; else the least that it can do with.
    pub(super) fn alignment(self, segments: &[Segment<'_>]) -> Option<u32> {
        let Self::Classic(header) = self else { return None };
        let start = start(segments)?;
        if start.align_down(header.kernel_alignment.into()) == Some(start) {
            return Some(header.kernel_alignment);
        }
        Some(u32::try_from(fallback_alignment(header)).unwrap_or(header.kernel_alignment))
    }
}

/// The address of the kernel's first segment.
fn start(segments: &[Segment<'_>]) -> Option<PhysAddr> {
    segments.iter().find(|segment| segment.role == Role::Kernel).map(|segment| segment.range.start())
}

fn cut(file: &[u8], range: Range<usize>) -> Result<&[u8], Finding> {
    file.get(range).ok_or_else(|| Reason::Truncated.into())
}

/// Below `pref_address` or off its alignment the kernel would move itself there, out of the memory that was kept free for it.
/// Every bzImage that [`SetupHeader::parse`] takes can be loaded above 4 GiB.
fn classic<'a>(header: &SetupHeader, bytes: &'a [u8]) -> SegmentSpec<'a> {
    let preferred = PhysAddr::new(header.pref_address);
    let constraints = Constraints {
        alignment: header.kernel_alignment.into(),
        fallback_alignment: fallback_alignment(header),
        lowest: preferred.max(PhysAddr::new(MIB)),
        fixed: (!header.relocatable).then_some(preferred),
        ..Constraints::default()
    };
    let kernel = SegmentSpec::new(Role::Kernel, "kernel", Content::Bytes(bytes));
    SegmentSpec { memory: header.init_size.into(), constraints, ..kernel }
}

/// An ELF kernel expects zeros behind the bytes of each segment (.bss).
fn elf<'a>(vmlinux: &Vmlinux, file: &'a [u8]) -> Result<Vec<SegmentSpec<'a>>, Finding> {
    let segments = vmlinux.segments.iter().enumerate();
    let specs = segments.map(|(number, segment)| {
        let pages = segment.pages();
        let content = Content::Bytes(cut(file, segment.file.clone())?);
        let constraints = Constraints { fixed: Some(pages.start()), ..Constraints::default() };
        let kernel = SegmentSpec::new(Role::Kernel, format!("kernel.{number}"), content);
        Ok(SegmentSpec { memory: pages.len(), zeroed: true, constraints, ..kernel })
    });
    specs.collect()
}

/// `1 << min_alignment`, where that asks for less than `kernel_alignment`; zero says nothing.
fn fallback_alignment(header: &SetupHeader) -> u64 {
    let alignment = u64::from(header.kernel_alignment);
    match header.min_alignment {
        0 => alignment,
        shift => 1_u64.checked_shl(shift.into()).map_or(alignment, |least| least.min(alignment)),
    }
}

#[cfg(test)]
mod tests;
