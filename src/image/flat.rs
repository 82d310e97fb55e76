//! An unpacked kernel as it lies in memory: the segments of its ELF file in one piece, relocated.
//!
//! The kernel's build writes .bss and .brk into the file as zeros: a third of Debian's 6.1. They are not loaded.

use super::elf::Program;
use super::relocations::Relocations;
use crate::memory::PAGE;

/// The most that the kernel's virtual address can move, in bytes (`KERNEL_IMAGE_SIZE`).
const IMAGE_SIZE: u64 = 1 << 30;

/// A page of .bss.
const ZEROS: [u8; 4096] = [0; 4096];

/// The bytes of a kernel from the address of its first segment to the last page that is not all zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flat {
    bytes: Vec<u8>,
    base: u64,
    span: u64,
    entry: u64,
    relocations: Relocations,
}

impl Flat {
    /// Lays out an unpacked payload: an ELF file, and its relocations. The bytes move within the same memory.
    ///
    /// # Errors
    /// Why this layout does not fit: the ELF headers are malformed or not in the order that a linker gives them, or
    /// the relocations are not those that [`Relocations::parse`] knows.
    pub fn new(mut unpacked: Vec<u8>) -> Result<Self, String> {
        let program =
            Program::parse(&unpacked).map_err(|finding| format!("the unpacked kernel is refused: {finding}"))?;
        let measures = Measures::of(&program).ok_or("the unpacked kernel is larger than 1 GiB")?;
        let relocations = Relocations::parse(&program, &unpacked)?;
        let length = lay_out(&program, &mut unpacked)
            .ok_or("the segments of the unpacked kernel are not in the order of their addresses")?;
        unpacked.truncate(length);
        unpacked.truncate(used(&unpacked).max(relocations.end()));
        unpacked.shrink_to_fit();
        let Measures { base, span, entry } = measures;
        Ok(Self { bytes: unpacked, base, span, entry, relocations })
    }

    /// The bytes to load at the kernel's physical base. The rest of [`Self::span`] must be zeros.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The physical address that the kernel was linked for (`LOAD_PHYSICAL_ADDR`): the lowest `p_paddr`.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// Bytes of memory from the first segment to the end of the last one (.bss and .brk), a multiple of 4096 and at most 1 GiB.
    #[must_use]
    pub const fn span(&self) -> u64 {
        self.span
    }

    /// The offset of the 64-bit entry point from the kernel's physical base, within [`Self::span`].
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// How many places [`Self::relocate`] changes.
    #[must_use]
    pub const fn relocations(&self) -> &Relocations {
        &self.relocations
    }

    /// Relocates the kernel to a virtual address that is `delta` bytes above the one it was linked for: less than 1 GiB, and a
    /// multiple of 2 MiB. To be called once.
    ///
    /// # Errors
    /// The kernel would not end within `KERNEL_IMAGE_SIZE`, or one of its values would leave the range of its field. The
    /// bytes must not be used then.
    pub fn relocate(&mut self, delta: u64) -> Result<(), String> {
        let end = self.base.checked_add(self.span).and_then(|end| end.checked_add(delta));
        let delta = i32::try_from(delta).ok().filter(|_| end.is_some_and(|end| end <= IMAGE_SIZE));
        let delta = delta.ok_or("the kernel would not end within the 1 GiB of its address space")?;
        self.relocations.apply(&mut self.bytes, delta)
    }
}

/// The end of the last page that is not all zeros.
fn used(bytes: &[u8]) -> usize {
    let last = bytes.chunks(ZEROS.len()).rposition(|page| Some(page) != ZEROS.get(..page.len()));
    last.map_or(0, |last| last.saturating_add(1).saturating_mul(ZEROS.len()).min(bytes.len()))
}

/// The three numbers that [`Flat`] has beside its bytes.
struct Measures {
    base: u64,
    span: u64,
    entry: u64,
}

impl Measures {
    fn of(program: &Program) -> Option<Self> {
        let (first, last) = (program.segments.first()?, program.segments.last()?);
        let base = first.at.start().get();
        let span = last.at.end().align_up(PAGE)?.get().checked_sub(base)?;
        let entry = program.entry.get().checked_sub(base)?;
        (base.checked_add(span)? <= IMAGE_SIZE).then_some(Self { base, span, entry })
    }
}

/// Moves the segments to their offsets from the first one, with zeros between them; the length up to the last byte. A linker
/// writes segments in the order of their addresses and never closer together than they are in memory, so each moves
/// towards the start of the file, and onto bytes that were moved already or belong to none.
fn lay_out(program: &Program, bytes: &mut [u8]) -> Option<usize> {
    let base = program.segments.first()?.at.start().get();
    let mut laid = 0;
    let mut read = 0;
    for segment in &program.segments {
        let offset = usize::try_from(segment.at.start().get().checked_sub(base)?).ok()?;
        let from = segment.file.clone();
        if from.is_empty() {
            continue;
        }
        if from.start < read || from.start < offset || offset < laid {
            return None;
        }
        bytes.get_mut(laid..offset)?.fill(0);
        read = from.end;
        laid = offset.checked_add(from.len())?;
        bytes.copy_within(from, offset);
    }
    Some(laid)
}

#[cfg(test)]
mod tests;
