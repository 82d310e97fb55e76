//! ELF kernels (vmlinux): recognised and described; the kernel's own loader on x86 takes none.

use goblin::elf::header::{EM_X86_64, ET_DYN, ET_EXEC};
use goblin::elf::{Elf, program_header::PT_LOAD};

/// Whether the file claims to be ELF.
#[must_use]
pub fn claimed_by(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Whether it is a program of this architecture with something to load, as a vmlinux is.
#[must_use]
pub fn is_kernel(bytes: &[u8]) -> bool {
    Elf::parse(bytes).is_ok_and(|elf| {
        elf.is_64
            && elf.header.e_machine == EM_X86_64
            && matches!(elf.header.e_type, ET_EXEC | ET_DYN)
            && elf.interpreter.is_none()
            && elf.program_headers.iter().any(|header| header.p_type == PT_LOAD)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_no_kernel() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        assert!(claimed_by(&program) && !is_kernel(&program));
    }

    #[test]
    fn damage_is_no_kernel() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        for length in [0, 4, 16, 63, 64, 100] {
            assert!(!is_kernel(&program[..length]), "{length}");
        }
    }
}
