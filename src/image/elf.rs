//! ELF kernels (vmlinux): recognised, described, and taken apart for `kexec_load`; the kernel's own loader on x86 takes
//! none.
//!
//! Only the ELF header and the program headers are looked at, and goblin is asked for these alone, once they are known to
//! lie in the file: its whole parser reads sections, symbols and relocations, too, which a kernel may be without, and which
//! would be so much more of a hostile file to follow.

mod headers;
mod signs;

use super::bytes::array;
use crate::memory::{PAGE, PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD, ProgramHeader};
use headers::Headers;
use std::ops::Range;

/// The kernel takes 16 segments (`KEXEC_SEGMENT_MAX`); boot_params, initrd and purgatory are three.
const MAX_LOADS: usize = 13;
/// The longest command line in bytes, without its NUL: `COMMAND_LINE_SIZE` of every x86 kernel, less one. A bzImage tells it
/// itself.
pub const CMDLINE_SIZE: u32 = 2047;
/// Where the kernel's own text is mapped (`__START_KERNEL_map`).
const START_KERNEL_MAP: u64 = 0xffff_ffff_8000_0000;

/// Whether the file claims to be ELF.
#[must_use]
pub fn claimed_by(bytes: &[u8]) -> bool {
    array(bytes, 0) == Some(*b"\x7fELF")
}

/// Whether it is a program of this architecture with something to load and without an interpreter, as a vmlinux is.
#[must_use]
pub fn is_kernel(bytes: &[u8]) -> bool {
    Headers::parse(bytes).is_ok_and(|headers| headers.has(PT_LOAD) && !headers.has(PT_INTERP))
}

/// One PT_LOAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSegment {
    /// `p_offset` and `p_filesz`: its bytes; within the file, and no more than `at` is long.
    pub file: Range<usize>,
    /// `p_paddr` and `p_memsz`: where it belongs. It starts on a page; what `file` does not fill is zeros (.bss).
    pub at: PhysRange,
}

impl LoadSegment {
    /// All pages that `at` touches: what `kexec_load` is to be told. No two segments have a page in common.
    #[must_use]
    pub fn pages(&self) -> PhysRange {
        // `parse` saw that the end can be rounded up.
        let end = self.at.end().align_up(PAGE).unwrap_or(self.at.end());
        PhysRange::new(self.at.start(), end).unwrap_or(self.at)
    }
}

/// A vmlinux of x86-64, to be placed where it was linked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vmlinux {
    /// What is to be loaded, by ascending addresses; never empty, at most 13.
    pub segments: Vec<LoadSegment>,
    /// The 64-bit entry point (`phys_startup_64`), within the bytes of one of the segments.
    pub entry: PhysAddr,
    /// What follows `Linux version ` in the kernel's banner, such as `6.1.0-50-amd64 (...) #1 SMP ...`; at most 200 bytes.
    pub release: Option<String>,
    /// Whether it can be entered under five-level page tables; `false` where nothing says that it can. There are no
    /// xloadflags to ask. From 6.17 on, every kernel can. Before, the sign is the name of `ptrs_per_p4d`, a variable that is
    /// exported to modules exactly where `CONFIG_X86_5LEVEL` is on (arch/x86/kernel/head64.c).
    pub five_level: bool,
    /// Whether it takes an EFI runtime map over from another kernel, as `XLF_EFI_KEXEC` says of a bzImage. That bit
    /// stands for `CONFIG_KEXEC_CORE` (arch/x86/boot/header.S); the sign of it here is the name of
    /// /sys/kernel/kexec_loaded (kernel/ksysfs.c). A kernel without EFI passes the map by.
    pub efi_kexec: bool,
}

impl Vmlinux {
    /// Takes an ELF file apart. Nothing is read but its headers, and the segments' bytes for the signs.
    ///
    /// # Errors
    /// `not-a-kernel`: another architecture, class or type, an interpreter, or nothing to load; `elf-header`: headers
    /// that contradict themselves, the file or one another; `truncated`: a segment goes past the end of the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        let headers = Headers::parse(bytes)?;
        if headers.has(PT_INTERP) {
            return Err(Finding::new(Reason::NotAKernel, "an ELF program that asks for an interpreter"));
        }
        let loads: Vec<_> = headers.loads().collect();
        if loads.is_empty() || loads.len() > MAX_LOADS {
            let seen = format!("{} segments to load, wanted 1 to {MAX_LOADS}", loads.len());
            return Err(Finding::new(if loads.is_empty() { Reason::NotAKernel } else { Reason::ElfHeader }, seen));
        }
        let entry = entry(headers.entry, &loads)?;
        let mut segments = loads.iter().map(|load| segment(load, bytes)).collect::<Result<Vec<_>, _>>()?;
        segments.sort_by_key(|segment| segment.at);
        apart(&segments, bytes.len())?;
        let content = || segments.iter().filter_map(|segment| bytes.get(segment.file.clone()));
        let release = content().find_map(signs::release);
        Ok(Self {
            five_level: release.as_deref().is_some_and(signs::is_always_five_level) || content().any(signs::five_level),
            release,
            efi_kexec: content().any(signs::efi_kexec),
            segments,
            entry,
        })
    }
}

fn wrong(seen: String) -> Finding {
    Finding::new(Reason::ElfHeader, seen)
}

fn segment(load: &ProgramHeader, bytes: &[u8]) -> Result<LoadSegment, Finding> {
    let named = |what: &str| wrong(format!("the segment for {:#x} {what}", load.p_paddr));
    if load.p_filesz > load.p_memsz {
        return Err(named("has more bytes in the file than in memory"));
    }
    let start = PhysAddr::new(load.p_paddr);
    if start.align_down(PAGE) != Some(start) {
        return Err(named("does not start on a page"));
    }
    let at = PhysRange::of_length(start, load.p_memsz).filter(|at| at.end().align_up(PAGE).is_some());
    let at = at.ok_or_else(|| named("goes past the last address"))?;
    let range = load.p_offset.checked_add(load.p_filesz).and_then(|end| {
        let (start, end) = (usize::try_from(load.p_offset).ok()?, usize::try_from(end).ok()?);
        bytes.get(start..end).is_some().then_some(start..end)
    });
    let file = range.ok_or_else(|| {
        let seen = format!("{:#x} bytes at {:#x}, the file has {:#x}", load.p_filesz, load.p_offset, bytes.len());
        Finding::new(Reason::Truncated, seen)
    })?;
    Ok(LoadSegment { file, at })
}

/// Pages are what is loaded; as all segments start on one, those that do not overlap share none. Bytes that several
/// segments load would have to be searched, hashed and copied as often.
fn apart(segments: &[LoadSegment], length: usize) -> Result<(), Finding> {
    for (one, next) in segments.iter().zip(segments.iter().skip(1)) {
        if one.at.overlaps(next.at) {
            return Err(wrong(format!("the segments at {} and {} overlap", one.at, next.at)));
        }
    }
    let loaded = segments.iter().fold(0, |sum: usize, segment| sum.saturating_add(segment.file.len()));
    if loaded > length {
        return Err(wrong(format!("the segments have {loaded:#x} bytes, the file {length:#x}")));
    }
    Ok(())
}

/// Linux gives a physical address (`phys_startup_64`). One in the kernel's mapping is that of the same place by its
/// virtual name.
fn entry(e_entry: u64, loads: &[ProgramHeader]) -> Result<PhysAddr, Finding> {
    let base = |load: &ProgramHeader| if e_entry >= START_KERNEL_MAP { load.p_vaddr } else { load.p_paddr };
    let found = loads.iter().find_map(|load| {
        let into = e_entry.checked_sub(base(load)).filter(|into| *into < load.p_filesz)?;
        load.p_paddr.checked_add(into)
    });
    found.map(PhysAddr::new).ok_or_else(|| wrong(format!("the entry point {e_entry:#x} lies in no segment's bytes")))
}

#[cfg(test)]
mod tests;
