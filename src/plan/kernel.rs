//! The kernel's own segments, before they have a place.

use super::pieces;
use super::place::Piece;
use crate::authorize::Authorized;
use crate::boot_params::Header;
use crate::image::Kernel;
use crate::image::bzimage::SetupHeader;
use crate::memory::{PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use std::borrow::Cow;

/// Offset of the 64-bit entry point from where a bzImage's protected-mode code is loaded (boot.rst, "64-bit Boot
/// Protocol").
const ENTRY_64: u64 = 0x200;

/// What of a kernel goes where.
pub(super) struct Image<'a> {
    /// What is put into memory, with its name.
    pub(super) parts: Vec<(Cow<'static, str>, &'a [u8])>,
    /// Where it may go: one for each part.
    pub(super) pieces: Vec<Piece>,
    /// What boot_params take from it.
    pub(super) header: Header<'a>,
    /// Of a bzImage.
    setup_header: Option<&'a SetupHeader>,
    /// Where a vmlinux is entered.
    fixed_entry: Option<PhysAddr>,
}

impl<'a> Image<'a> {
    /// The segments of a kernel that may be loaded.
    ///
    /// # Errors
    /// `truncated` where the file ends before its own account says.
    pub(super) fn of(authorized: &'a Authorized) -> Result<Self, Finding> {
        let file = authorized.kernel().sealed().bytes();
        let cut = |range: std::ops::Range<usize>| file.get(range).ok_or_else(|| Finding::from(Reason::Truncated));
        match authorized.image() {
            Kernel::BzImage(header) => {
                let bytes = cut(header.setup_size..header.end())?;
                Ok(Self {
                    parts: vec![("kernel".into(), bytes)],
                    pieces: vec![pieces::kernel(header, length(bytes))],
                    header: Header::BzImage(file),
                    setup_header: Some(header),
                    fixed_entry: None,
                })
            }
            Kernel::Elf(vmlinux) => {
                let segments = vmlinux.segments.iter().enumerate();
                let parts: Result<Vec<_>, Finding> = segments
                    .map(|(number, segment)| Ok((format!("kernel.{number}").into(), cut(segment.file.clone())?)))
                    .collect();
                let parts = parts?;
                let placed = parts.iter().zip(&vmlinux.segments);
                Ok(Self {
                    pieces: placed
                        .map(|((_, bytes), segment)| pieces::vmlinux(segment.pages(), length(bytes)))
                        .collect(),
                    parts,
                    setup_header: None,
                    header: Header::Elf { efi_kexec: vmlinux.efi_kexec },
                    fixed_entry: Some(vmlinux.entry),
                })
            }
        }
    }

    /// Where the kernel is entered when its segments are at these places.
    pub(super) fn entry(&self, places: &[PhysRange]) -> Option<PhysAddr> {
        self.fixed_entry.or_else(|| places.first()?.start().checked_add(ENTRY_64))
    }

    /// The `kernel_alignment` of a bzImage at its place.
    pub(super) fn alignment(&self, places: &[PhysRange]) -> Option<u32> {
        Some(pieces::alignment_at(self.setup_header?, places.first()?.start()))
    }

    /// What a vmlinux finds zero: the memory of a segment behind its bytes. A bzImage clears its own.
    pub(super) fn zero(&self, places: &[PhysRange]) -> Vec<PhysRange> {
        if self.fixed_entry.is_none() {
            return Vec::new();
        }
        let behind = |((_, bytes), range): (&(Cow<'_, str>, &[u8]), &PhysRange)| {
            PhysRange::new(range.start().checked_add(length(bytes))?, range.end())
        };
        self.parts.iter().zip(places).filter_map(behind).collect()
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
