//! The layouts of a kernel in memory: which segments it has, where they may lie, where it is entered.

mod choice;
mod classic;
mod context;
mod elf;
mod elided;
mod vmlinux;

pub use choice::LaidOut;
pub(super) use choice::choose;
pub(super) use context::{Context, numbers};

use super::boot_params::Header;
use super::early_options;
use crate::image::Kernel;
use crate::image::bzimage::SetupHeader;
use crate::image::elf::Vmlinux;
use crate::memory::PhysAddr;
use crate::placement::{Role, Segment, SegmentSpec};
use crate::reason::{Finding, Reason};
use choice::Chosen;
use std::ops::Range;
use vmlinux::Unpacked;

/// Offset of the 64-bit entry point from where a bzImage's protected-mode code is loaded (boot.rst, "64-bit Boot
/// Protocol").
const ENTRY_64: u64 = 0x200;

/// One kernel in the layout that was chosen for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    /// A bzImage in one segment of `init_size` bytes, in which it unpacks itself.
    Classic(&'a SetupHeader),
    /// A bzImage in a segment as long as its code, at the start of a window of `init_size` bytes.
    Elided(&'a SetupHeader),
    /// The vmlinux that was unpacked from a bzImage, in one segment.
    Vmlinux(&'a Unpacked),
    /// The segments of an ELF kernel, each at the address that it was linked for.
    Elf(&'a Vmlinux),
}

impl<'a> Form<'a> {
    /// The form of a kernel.
    pub(super) const fn of(kernel: &'a Kernel, laid_out: &'a LaidOut) -> Self {
        match (kernel, laid_out.chosen()) {
            (Kernel::Elf(vmlinux), _) => Self::Elf(vmlinux),
            (Kernel::BzImage(_), Chosen::Vmlinux(unpacked)) => Self::Vmlinux(unpacked),
            (Kernel::BzImage(header), Chosen::Elided) => Self::Elided(header),
            (Kernel::BzImage(header), Chosen::Classic | Chosen::Linked) => Self::Classic(header),
        }
    }

    /// The kernel's segments.
    ///
    /// # Errors
    /// `truncated` where the file ends before the headers say.
    pub(super) fn specs(self, file: &'a [u8]) -> Result<Vec<SegmentSpec<'a>>, Finding> {
        match self {
            Self::Classic(header) => Ok(vec![classic::spec(header, code(header, file)?)]),
            Self::Elided(header) => Ok(vec![elided::spec(header, code(header, file)?)]),
            Self::Vmlinux(unpacked) => Ok(vec![unpacked.spec()]),
            Self::Elf(vmlinux) => elf::specs(vmlinux, file),
        }
    }

    /// The setup_header for boot_params.
    pub(super) const fn header(self, file: &'a [u8]) -> Header<'a> {
        match self {
            Self::Classic(_) | Self::Elided(_) | Self::Vmlinux(_) => Header::BzImage(file),
            Self::Elf(vmlinux) => Header::Elf { efi_kexec: vmlinux.efi_kexec },
        }
    }

    /// Whether boot_params tell the kernel that its addresses are random (`KASLR_FLAG`): then it randomises its memory regions
    /// (`kaslr_enabled`, arch/x86/include/asm/setup.h). A bzImage that unpacks itself sets the flag itself.
    pub(super) fn sets_kaslr_flag(self, cmdline: &str) -> bool {
        match self {
            Self::Classic(_) | Self::Elided(_) => false,
            Self::Vmlinux(_) | Self::Elf(_) => !early_options::has(cmdline, "nokaslr"),
        }
    }

    /// Whether the kernel is entered with page tables of ours: those of the running kernel may lie in a part of its window that
    /// is not loaded.
    pub(super) const fn own_page_tables(self) -> bool {
        matches!(self, Self::Elided(_) | Self::Vmlinux(_))
    }

    /// The physical address at which the kernel is entered when its segments have these addresses.
    pub(super) fn entry(self, segments: &[Segment<'_>]) -> Option<PhysAddr> {
        match self {
            Self::Classic(_) | Self::Elided(_) => start(segments)?.checked_add(ENTRY_64),
            Self::Vmlinux(unpacked) => start(segments)?.checked_add(unpacked.entry()),
            Self::Elf(vmlinux) => Some(vmlinux.entry),
        }
    }

    /// The `kernel_alignment` that boot_params must hold when the kernel's segments have these addresses; `None` for a kernel
    /// that does not read it.
    pub(super) fn alignment(self, segments: &[Segment<'_>]) -> Option<u32> {
        match self {
            Self::Classic(header) | Self::Elided(header) => Some(classic::kept_alignment(header, start(segments)?)),
            Self::Vmlinux(_) | Self::Elf(_) => None,
        }
    }
}

/// The address of the kernel's first segment.
fn start(segments: &[Segment<'_>]) -> Option<PhysAddr> {
    segments.iter().find(|segment| segment.role == Role::Kernel).map(|segment| segment.range.start())
}

/// The protected-mode code of a bzImage.
fn code<'a>(header: &SetupHeader, file: &'a [u8]) -> Result<&'a [u8], Finding> {
    cut(file, header.setup_size..header.end())
}

fn cut(file: &[u8], range: Range<usize>) -> Result<&[u8], Finding> {
    file.get(range).ok_or_else(|| Reason::Truncated.into())
}

#[cfg(test)]
mod tests;
