//! The ELF header and the program headers, bounded before goblin reads them.

use crate::reason::{Finding, Reason};
use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, EM_X86_64, ET_DYN, ET_EXEC};
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf64::header::{Header, SIZEOF_EHDR};
use goblin::elf64::program_header::SIZEOF_PHDR;

/// The maximum number of program headers. A vmlinux has five; a crash dump has thousands, but is not bootable.
const MAX_HEADERS: u16 = 64;

/// The headers of a program for x86-64.
pub(super) struct Headers {
    /// `e_entry`.
    pub(super) entry: u64,
    program: Vec<ProgramHeader>,
}

impl Headers {
    /// Reads both.
    ///
    /// # Errors
    /// `not-a-kernel`, `elf-header`, `truncated`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        // goblin does not check the magic.
        if !super::claimed_by(bytes) {
            return Err(Finding::new(Reason::NotAKernel, "no ELF file"));
        }
        let head = bytes.get(..SIZEOF_EHDR).ok_or_else(|| too_short("its header"))?;
        let header = Header::parse(head).map_err(|error| wrong(error.to_string()))?;
        check(&header)?;
        let count = usize::from(header.e_phnum);
        let start = usize::try_from(header.e_phoff).map_err(|_| too_short("its program headers"))?;
        let end = count.checked_mul(SIZEOF_PHDR).and_then(|length| start.checked_add(length));
        let table = end.and_then(|end| bytes.get(start..end)).ok_or_else(|| too_short("its program headers"))?;
        let context = Ctx::new(Container::Big, Endian::Little);
        let program = ProgramHeader::parse(table, 0, count, context).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { entry: header.e_entry, program })
    }

    /// Whether there is one of a type.
    pub(super) fn has(&self, kind: u32) -> bool {
        self.program.iter().any(|header| header.p_type == kind)
    }

    /// The PT_LOADs whose size in memory is not zero.
    pub(super) fn loads(&self) -> impl Iterator<Item = ProgramHeader> + '_ {
        self.program.iter().filter(|header| header.p_type == PT_LOAD && header.p_memsz != 0).cloned()
    }
}

fn check(header: &Header) -> Result<(), Finding> {
    let class = header.e_ident.get(EI_CLASS).zip(header.e_ident.get(EI_DATA));
    if class != Some((&ELFCLASS64, &ELFDATA2LSB)) || header.e_machine != EM_X86_64 {
        let seen = format!("an ELF file for another architecture (e_machine {:#x})", header.e_machine);
        return Err(Finding::new(Reason::NotAKernel, seen));
    }
    if !matches!(header.e_type, ET_EXEC | ET_DYN) {
        return Err(Finding::new(
            Reason::NotAKernel,
            format!("an ELF file, but no program (e_type {})", header.e_type),
        ));
    }
    if usize::from(header.e_phentsize) != SIZEOF_PHDR || header.e_phnum > MAX_HEADERS {
        let seen = format!(
            "{} program headers of {} bytes, wanted at most {MAX_HEADERS} of {SIZEOF_PHDR}",
            header.e_phnum, header.e_phentsize
        );
        return Err(wrong(seen));
    }
    Ok(())
}

fn wrong(seen: String) -> Finding {
    Finding::new(Reason::ElfHeader, seen)
}

fn too_short(within: &str) -> Finding {
    Finding::new(Reason::Truncated, format!("the file ends within {within}"))
}
