//! The headers of a dump: an ELF core file whose parts are physical memory (Documentation/admin-guide/kdump/kdump.rst; fs/proc/vmcore.c
//! reads them). The offset of a part in the file is its physical address.

use crate::arch::Backup;
use crate::machine::CrashFacts;
use crate::memory::{PhysRange, RangeSet};

/// Bytes of `Elf64_Ehdr` and of `Elf64_Phdr`.
const HEADER: u16 = 64;
const PROGRAM_HEADER: u16 = 56;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
/// Readable, writable, executable.
const ALL: u32 = 7;
/// `ELFCLASS64`, `ELFDATA2LSB`, `EV_CURRENT`.
const IDENT: [u8; 16] = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0";
const ET_CORE: u16 = 4;
const EM_X86_64: u16 = 62;
const VERSION: u32 = 1;

/// A program header.
struct Part {
    kind: u32,
    flags: u32,
    /// Where its bytes are now.
    offset: u64,
    /// The old kernel's virtual address.
    at: u64,
    range: PhysRange,
}

/// The notes of all processors, vmcoreinfo, the kernel itself, and all RAM.
pub(super) fn core_header(facts: &CrashFacts, dumped: &RangeSet, backup: Option<Backup>) -> Vec<u8> {
    let note = |range: PhysRange| Part { kind: PT_NOTE, flags: 0, offset: range.start().get(), at: 0, range };
    let (kcore, kernel) = (&facts.kcore, facts.kcore.kernel);
    let load = |offset: u64, at: u64, range| Part { kind: PT_LOAD, flags: ALL, offset, at, range };
    let ram = |range: PhysRange| {
        let start = range.start().get();
        load(place(range, backup), kcore.page_offset.wrapping_add(start), range)
    };
    let mut parts: Vec<_> = facts.notes.iter().chain([&facts.vmcoreinfo]).map(|range| note(*range)).collect();
    parts.push(load(kernel.start().get(), kcore.text, kernel));
    // A part lies either in the backup or outside of it.
    let copied: RangeSet = backup.map(|backup| backup.from).into_iter().collect();
    parts.extend(dumped.intersection(&copied).iter().map(ram));
    parts.extend(dumped.difference(&copied).iter().map(ram));
    bytes(&parts)
}

/// Where memory is when the crash kernel runs.
fn place(range: PhysRange, backup: Option<Backup>) -> u64 {
    let moved = |backup: Backup| {
        let offset = range.start().get().checked_sub(backup.from.start().get())?;
        backup.to.start().get().checked_add(offset)
    };
    let within = backup.filter(|backup| backup.from.contains(range));
    within.and_then(moved).unwrap_or(range.start().get())
}

fn bytes(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.len().saturating_mul(PROGRAM_HEADER.into()).saturating_add(HEADER.into()));
    bytes.extend(IDENT);
    bytes.extend([ET_CORE, EM_X86_64].map(u16::to_le_bytes).as_flattened());
    bytes.extend(VERSION.to_le_bytes());
    // No entry point; the program headers follow; no sections; no flags.
    bytes.extend([0, u64::from(HEADER), 0].map(u64::to_le_bytes).as_flattened());
    bytes.extend(0_u32.to_le_bytes());
    // With more processors and memory than that, the last of them would be missing.
    let count = u16::try_from(parts.len()).unwrap_or(u16::MAX);
    bytes.extend([HEADER, PROGRAM_HEADER, count, 0, 0, 0].map(u16::to_le_bytes).as_flattened());
    for Part { kind, flags, offset, at, range } in parts {
        bytes.extend([*kind, *flags].map(u32::to_le_bytes).as_flattened());
        let words = [*offset, *at, range.start().get(), range.len(), range.len(), 0];
        bytes.extend(words.map(u64::to_le_bytes).as_flattened());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::crash::Kcore;
    use crate::memory::PhysAddr;
    use goblin::elf::Elf;

    fn range(start: u64, end: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), PhysAddr::new(end)).unwrap()
    }

    fn facts() -> CrashFacts {
        CrashFacts {
            notes: vec![range(0x3fc5_1a00, 0x3fc5_1b78), range(0x1a00, 0x1b78)],
            vmcoreinfo: range(0x3e1_c000, 0x3e1_d000),
            kcore: Kcore {
                page_offset: 0xffff_8880_0000_0000,
                text: 0xffff_ffff_8200_0000,
                kernel: range(0x400_0000, 0x600_0000),
            },
            header_bytes: None,
        }
    }

    #[test]
    fn another_reader_sees_all_of_it() {
        let dumped = [range(0x1000, 0x9_fc00), range(0x10_0000, 0x2000_0000), range(0x1_0000_0000, 0x1_4000_0000)];
        let backup = Backup { from: range(0x1000, 0xa_0000), to: range(0x2b00_0000, 0x2b09_f000) };
        let bytes = core_header(&facts(), &dumped.into_iter().collect(), Some(backup));
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!((elf.header.e_type, elf.header.e_machine, elf.header.e_phnum), (4, 62, 7));
        assert_eq!(bytes.len(), 64 + 7 * 56);
        let seen: Vec<_> = elf
            .program_headers
            .iter()
            .map(|part| (part.p_type, part.p_offset, part.p_vaddr, part.p_paddr, part.p_filesz))
            .collect();
        let direct = 0xffff_8880_0000_0000;
        let wanted = [
            (4, 0x3fc5_1a00, 0, 0x3fc5_1a00, 0x178),
            (4, 0x1a00, 0, 0x1a00, 0x178),
            (4, 0x3e1_c000, 0, 0x3e1_c000, 0x1000),
            (1, 0x400_0000, 0xffff_ffff_8200_0000, 0x400_0000, 0x200_0000),
            (1, 0x2b00_0000, direct + 0x1000, 0x1000, 0x9_ec00),
            (1, 0x10_0000, direct + 0x10_0000, 0x10_0000, 0x1ff0_0000),
            (1, 0x1_0000_0000, direct + 0x1_0000_0000, 0x1_0000_0000, 0x4000_0000),
        ];
        assert_eq!(seen, wanted);
        assert!(elf.program_headers.iter().all(|part| part.p_memsz == part.p_filesz));
    }

    #[test]
    fn memory_at_the_border_of_the_backup_is_cut_there() {
        let dumped = [range(0x1000, 0x20_0000)].into_iter().collect();
        let backup = Backup { from: range(0x1000, 0xa_0000), to: range(0x100_0000, 0x109_f000) };
        for (backup, wanted) in [(Some(backup), vec![0x100_0000, 0xa_0000]), (None, vec![0x1000])] {
            let bytes = core_header(&facts(), &dumped, backup);
            let elf = Elf::parse(&bytes).unwrap();
            let ram = elf.program_headers.iter().skip(4);
            assert_eq!(ram.map(|part| part.p_offset).collect::<Vec<_>>(), wanted);
        }
    }
}
