//! ELF kernels (vmlinux): recognised, described, and parsed for `kexec_load`. `kexec_file_load` on x86 does not accept them.
//!
//! Only the ELF header and the program headers are parsed, by goblin's parsers for these two, after a check that they lie in the
//! file. goblin's parser for whole files also reads sections, symbols and relocations: a kernel may lack them, and they would be
//! more hostile input to parse.

mod extent;
mod headers;
mod signs;

use super::bytes::array;
use crate::memory::{PAGE, PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
pub(super) use extent::extent;
use goblin::elf::program_header::{PT_INTERP, PT_LOAD, ProgramHeader};
use headers::Headers;
use std::ops::Range;

/// The kernel takes 16 segments (`KEXEC_SEGMENT_MAX`); boot_params, initrd and purgatory are three.
const MAX_LOADS: usize = 13;
/// The longest command line in bytes, without its NUL: `COMMAND_LINE_SIZE` of every x86 kernel, less one. A bzImage states its own
/// limit.
pub const CMDLINE_SIZE: u32 = 2047;
/// Where the kernel's own text is mapped (`__START_KERNEL_map`).
pub(super) const START_KERNEL_MAP: u64 = 0xffff_ffff_8000_0000;

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
    /// All pages that `at` touches: the range for `kexec_load`. No two segments have a page in common.
    #[must_use]
    pub fn pages(&self) -> PhysRange {
        // `parse` checked that the end can be rounded up.
        self.at.covering_pages().unwrap_or(self.at)
    }
}

/// A vmlinux for x86-64, which must be placed at the address that it was linked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vmlinux {
    /// The segments to load, in ascending order of addresses: at least one, at most 13.
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
    /// Parses an ELF file: its headers, and the segments' bytes as far as `signs` searches them.
    ///
    /// # Errors
    /// Those of [`Program::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        let Program { segments, entry } = Program::parse(bytes)?;
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

/// What the headers alone say of a vmlinux; its bytes are not searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// See [`Vmlinux::segments`].
    pub segments: Vec<LoadSegment>,
    /// See [`Vmlinux::entry`].
    pub entry: PhysAddr,
}

impl Program {
    /// Parses the ELF header and the program headers.
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
        Ok(Self { segments, entry })
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

/// Checks that no two segments overlap, in memory or in the file. All segments start on a page, so segments that do not overlap in
/// memory share no page. Bytes of the file that several segments load would be searched, hashed and copied several times.
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

/// Linux states a physical entry point (`phys_startup_64`). An entry point within the kernel's mapping is a virtual address and is
/// converted.
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
