//! The purgatory's image in the memory of this process, so that its functions can be called.
#![expect(unsafe_code, reason = "the image is called")]
#![allow(dead_code, reason = "who measures needs less than who tests")]

use goblin::elf::Elf;
use nix::libc;
use skexec::arch::x86_64::purgatory;
use skexec_purgatory::Verdict;

pub(crate) use skexec_purgatory::ELF;

/// A page-aligned, executable copy of an armed image.
pub(crate) struct Mapped {
    start: *mut u8,
    length: usize,
}

impl Mapped {
    pub(crate) fn new(armed: &[u8]) -> Self {
        let length = usize::try_from(purgatory::memory_bytes()).unwrap();
        let access = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let mut mapped = Self { start: start.cast(), length };
        mapped.bytes()[..armed.len()].copy_from_slice(armed);
        mapped
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: mapped by `new`, for us alone.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.length) }
    }

    pub(crate) fn check(&mut self) -> Verdict {
        let mut verdict = Verdict { damaged: 0xdead, found: [0xad; 32] };
        // SAFETY: the symbol is a function of this type, and the image under test is sound enough to run.
        unsafe {
            let function: extern "C" fn(&mut Verdict) = std::mem::transmute(self.start.add(symbol("purgatory_check")));
            function(&mut verdict);
        }
        verdict
    }

    pub(crate) fn zero(&mut self) {
        // SAFETY: as above; the spans are this process's own.
        unsafe {
            let function: extern "C" fn() = std::mem::transmute(self.start.add(symbol("purgatory_zero")));
            function();
        }
    }
}

impl Mapped {
    pub(crate) fn backup(&mut self) {
        // SAFETY: as above; both places are this process's own.
        unsafe {
            let function: extern "C" fn() = std::mem::transmute(self.start.add(symbol("purgatory_backup")));
            function();
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.start.cast(), self.length) };
    }
}

pub(crate) fn symbol(wanted: &str) -> usize {
    let elf = Elf::parse(ELF).unwrap();
    let found = elf.syms.iter().find(|symbol| elf.strtab.get_at(symbol.st_name) == Some(wanted));
    found.unwrap_or_else(|| panic!("the image has no {wanted}")).st_value.try_into().unwrap()
}

/// Whether the processor has the instructions that the faster implementation needs.
pub(crate) fn has_sha_ni() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1")
}
