//! A small relocatable vmlinux with its table of relocations, as the kernel's build packs them into a bzImage
//! (arch/x86/tools/relocs.c): text, the variables of each processor, and data with .bss behind it.

use crate::bzimage::noise;
use crate::pe::{put16, put32};

/// Where the first segment belongs (`LOAD_PHYSICAL_ADDR`).
pub const BASE: u64 = 0x100_0000;
const MAP: u64 = 0xffff_ffff_8000_0000;
const SECTIONS: usize = 0x6000;
/// The end of the ELF file; relocations follow.
pub const END: usize = SECTIONS + 2 * 0x40;

/// A segment: `p_offset`, `p_vaddr`, `p_paddr`, `p_filesz`, `p_memsz`.
pub type Load = [u64; 5];

/// What a test may change before it is built.
#[derive(Debug, Clone)]
pub struct Vmlinux {
    /// In the order of the file.
    pub loads: Vec<Load>,
    pub entry: u64,
    /// The lists of relocations in the order of the file: 64-bit values, negative 32-bit values (up to 6.14), 32-bit values. Each
    /// is written after a zero.
    pub lists: Vec<Vec<u32>>,
    /// Bytes behind the lists.
    pub behind: Vec<u8>,
}

impl Default for Vmlinux {
    fn default() -> Self {
        Self {
            loads: vec![
                [0x1000, MAP + BASE, BASE, 0x2800, 0x2800],
                [0x4000, 0, BASE + 0x3000, 0x400, 0x400],
                [0x5000, MAP + BASE + 0x4000, BASE + 0x4000, 0x1000, 0x3450],
            ],
            entry: BASE + 0x40,
            lists: vec![vec![LONG, LONG + 8], vec![INVERSE], vec![WORD, WORD + 4]],
            behind: Vec::new(),
        }
    }
}

/// The lower halves of the addresses with values to relocate: two of 32 bits, a negative one, two of 64 bits.
pub const WORD: u32 = 0x8100_0100;
pub const INVERSE: u32 = 0x8100_3010;
pub const LONG: u32 = 0x8100_4020;

impl Vmlinux {
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut file = content();
        self.headers(&mut file);
        for list in &self.lists {
            file.extend([0; 4]);
            file.extend(list.iter().flat_map(|place| place.to_le_bytes()));
        }
        file.extend(&self.behind);
        file
    }

    fn headers(&self, file: &mut [u8]) {
        // 64 bits, little-endian; a program for x86-64.
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        file[0x10..0x15].copy_from_slice(&[2, 0, 0x3e, 0, 1]);
        put64(file, 0x18, self.entry);
        put64(file, 0x20, 0x40);
        put64(file, 0x28, SECTIONS as u64);
        for (offset, value) in [(0x34, 0x40), (0x36, 0x38), (0x38, self.loads.len() as u16), (0x3a, 0x40), (0x3c, 2)] {
            put16(file, offset, value);
        }
        for (index, [offset, virtual_address, physical, in_file, in_memory]) in self.loads.iter().enumerate() {
            let at = 0x40 + index * 0x38;
            put32(file, at, 1);
            for (place, value) in [offset, virtual_address, physical, in_file, in_memory].into_iter().enumerate() {
                put64(file, at + 8 + 8 * place, *value);
            }
        }
        // .bss: SHT_NOBITS has a size in memory only.
        put32(file, SECTIONS + 0x44, 8);
        put64(file, SECTIONS + 0x58, 0x6000);
        put64(file, SECTIONS + 0x60, 0x100_0000);
    }
}

/// The bytes of the segments.
fn content() -> Vec<u8> {
    let mut file = vec![0; END];
    // Calls, which the filter of xz for x86 changes, and noise.
    for (index, call) in file[0x1000..0x3000].chunks_exact_mut(16).enumerate() {
        call[..5].copy_from_slice(&[0xe8, index as u8, 0x10, 0, 0]);
    }
    file[0x3000..0x3800].copy_from_slice(&noise(3, 0x800));
    file[0x5000..0x5010].fill(0x5a);
    // At the entry point the processor halts.
    file[0x1040..0x1044].copy_from_slice(&[0xfa, 0xf4, 0xeb, 0xfd]);
    for (offset, value) in [(0x1100, WORD), (0x1104, 0x8100_4000), (0x4010, 0x7eff_c000)] {
        put32(&mut file, offset, value);
    }
    for (offset, value) in [(0x5020, MAP + BASE), (0x5028, MAP + BASE + 0x7000)] {
        put64(&mut file, offset, value);
    }
    file
}

fn put64(file: &mut [u8], at: usize, value: u64) {
    file[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
