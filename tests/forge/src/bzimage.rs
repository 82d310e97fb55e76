//! A bzImage of 28 KiB that the real kernel's loader accepts: `bzImage64_probe` and `bzImage64_load` in
//! arch/x86/kernel/kexec-bzimage64.c. It is a PE file as well, laid out as kernels since 6.7 are.

use crate::pe::{Pe, Section, put16, put32};
use crate::random::Random;

/// The release that `uname -r` would print in this kernel.
pub const RELEASE: &str = "6.12.0-forge";
const HEADERS: usize = 0x1000;
const SETUP: usize = 0x1000;
const TEXT: usize = 0x4000;
const DATA: usize = 0x1000;
/// setup_sects: the boot sector is not counted.
const SETUP_SECTORS: u8 = ((HEADERS + SETUP) / 512 - 1) as u8;

/// The setup header (Documentation/arch/x86/boot.rst), as far as a test wants to change it.
#[derive(Debug, Clone)]
pub struct BzImage {
    pub pe: Pe,
    pub setup_sects: u8,
    pub boot_flag: u16,
    pub version: u16,
    pub loadflags: u8,
    pub xloadflags: u16,
    pub cmdline_size: u32,
    pub init_size: u32,
    /// In units of 16 bytes; None for the size of the file.
    pub syssize: Option<u32>,
    /// The packed kernel; without one, the file has neither it nor the fields for it.
    pub payload: Vec<u8>,
    /// payload_length; None for the true one.
    pub payload_length: Option<u32>,
}

impl Default for BzImage {
    fn default() -> Self {
        let mut pe = Pe::new(HEADERS, sections());
        pe.entry = (HEADERS + SETUP + 0x390) as u32;
        pe.image_size = 0x10_0000 + (HEADERS + SETUP) as u32;
        Self {
            pe,
            setup_sects: SETUP_SECTORS,
            boot_flag: 0xaa55,
            version: 0x20f,
            loadflags: 1,
            // KERNEL_64, CAN_BE_LOADED_ABOVE_4G, EFI_KEXEC, 5LEVEL, 5LEVEL_ENABLED.
            xloadflags: 0x73,
            cmdline_size: 2047,
            init_size: 0x10_0000,
            syssize: None,
            payload: Vec::new(),
            payload_length: None,
        }
    }
}

impl BzImage {
    /// Changes the PE part.
    #[must_use]
    pub fn pe(mut self, change: impl FnOnce(&mut Pe)) -> Self {
        change(&mut self.pe);
        self
    }

    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut pe = self.pe.clone();
        if !self.payload.is_empty() {
            pe.sections.push(Section::new(b".packed", self.payload.clone()));
        }
        let mut file = pe.build();
        let sectors = if self.setup_sects == 0 { 4 } else { usize::from(self.setup_sects) };
        let protected = file.len().saturating_sub((sectors + 1) * 512);
        file[0x1f1] = self.setup_sects;
        put32(&mut file, 0x1f4, self.syssize.unwrap_or(protected.div_ceil(16) as u32));
        put16(&mut file, 0x1fa, 0xffff);
        put16(&mut file, 0x1fe, self.boot_flag);
        // A jump over the header; its second byte tells loaders how long the header is.
        file[0x200..0x206].copy_from_slice(b"\xeb\x6aHdrS");
        put16(&mut file, 0x206, self.version);
        put16(&mut file, 0x20c, 0x1000);
        put16(&mut file, 0x20e, (HEADERS - 0x200) as u16);
        file[0x211] = self.loadflags;
        put16(&mut file, 0x212, 0x8000);
        put32(&mut file, 0x214, 0x10_0000);
        put32(&mut file, 0x22c, 0x7fff_ffff);
        put32(&mut file, 0x230, 0x20_0000);
        file[0x234] = 1;
        file[0x235] = 21;
        put16(&mut file, 0x236, self.xloadflags);
        put32(&mut file, 0x238, self.cmdline_size);
        if !self.payload.is_empty() {
            put32(&mut file, 0x248, (TEXT + DATA) as u32);
            put32(&mut file, 0x24c, self.payload_length.unwrap_or(self.payload.len() as u32));
        }
        put32(&mut file, 0x258, 0x100_0000);
        put32(&mut file, 0x260, self.init_size);
        put32(&mut file, 0x268, KERNEL_INFO as u32);
        file
    }
}

/// Offset of `struct kernel_info` in the protected-mode part.
const KERNEL_INFO: usize = 0x800;

fn sections() -> Vec<Section> {
    let mut setup = format!("{RELEASE} (skexec@tests) #1 SMP").into_bytes();
    setup.resize(SETUP, 0);
    let text = Section { flags: 0x6000_0020, ..Section::new(b".text", text()) };
    vec![Section::new(b".setup", setup), text, Section::new(b".data", noise(2, DATA))]
}

/// Code that does no harm if it is executed: at both entry points the processor halts.
fn text() -> Vec<u8> {
    let mut code = noise(1, TEXT);
    for entry in [0, 0x200] {
        // cli; hlt; jmp to the hlt.
        code[entry..entry + 4].copy_from_slice(&[0xfa, 0xf4, 0xeb, 0xfd]);
    }
    code[KERNEL_INFO..KERNEL_INFO + 4].copy_from_slice(b"LToP");
    put32(&mut code, KERNEL_INFO + 4, 16);
    put32(&mut code, KERNEL_INFO + 8, 16);
    put32(&mut code, KERNEL_INFO + 12, 0x8000_000c);
    code
}

/// Pseudorandom bytes that are the same in every run.
#[must_use]
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..len).map(|_| (random.number() >> 32) as u8).collect()
}
