//! The setup_header of a bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
//!
//! [`SetupHeader::parse`] checks what `bzImage64_probe` (arch/x86/kernel/kexec-bzimage64.c) checks, and that the file is as
//! long as its header says. The kernel does not check that: half a kernel loads and then hangs.

use super::bytes::{array, size_at, u16_at, u32_at, u64_at};
use crate::reason::{Finding, Reason};

const SECTOR: usize = 512;
/// A bit of `loadflags`: the protected-mode code belongs at 1 MiB or above.
pub const LOADED_HIGH: u8 = 1;
/// The first protocol with xloadflags and the 64-bit entry point: 2.12.
const OLDEST_PROTOCOL: u16 = 0x020c;
/// Bytes of the command line that `bzImage64_load` reserves, even where there is no command line (`MAX_ELFCOREHDR_STR_LEN`).
const CMDLINE_RESERVED: u32 = 30;

/// Bits of `xloadflags`.
pub(crate) mod xloadflags {
    /// `XLF_KERNEL_64`: there is a 64-bit entry point at 0x200.
    pub(crate) const KERNEL_64: u16 = 1;
    /// `XLF_CAN_BE_LOADED_ABOVE_4G`.
    pub(crate) const ABOVE_4G: u16 = 1 << 1;
    /// `XLF_EFI_HANDOVER_32`.
    pub(crate) const HANDOVER_32: u16 = 1 << 2;
    /// `XLF_EFI_HANDOVER_64`.
    pub(crate) const HANDOVER_64: u16 = 1 << 3;
    /// `XLF_EFI_KEXEC`: the kernel can be started by kexec with EFI runtime services.
    pub(crate) const EFI_KEXEC: u16 = 1 << 4;
    /// `XLF_5LEVEL`: the 64-bit entry point supports five-level page tables.
    pub(crate) const FIVE_LEVEL: u16 = 1 << 5;
    /// `XLF_5LEVEL_ENABLED`: the kernel takes five-level page tables where the processor has them.
    pub(crate) const FIVE_LEVEL_ENABLED: u16 = 1 << 6;
}

/// A parsed setup_header, with the names of the boot protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupHeader {
    /// Boot protocol version, major in the high byte.
    pub version: u16,
    /// Bytes of boot sector and real-mode code: `(setup_sects + 1) * 512`.
    pub setup_size: usize,
    /// Bytes of protected-mode code: `syssize * 16`.
    pub system_size: usize,
    /// Bit mask `LOADED_HIGH`, `KASLR_FLAG`, `QUIET_FLAG`, `KEEP_SEGMENTS`, `CAN_USE_HEAP`.
    pub loadflags: u8,
    /// Bit mask XLF_*.
    pub xloadflags: u16,
    /// The longest command line in bytes, without its NUL.
    pub cmdline_size: u32,
    /// Bytes, a power of two.
    pub kernel_alignment: u32,
    /// The least alignment that the kernel accepts, as an exponent of two; zero if the header does not state it.
    pub min_alignment: u8,
    /// Whether it may be loaded at another address than `pref_address`.
    pub relocatable: bool,
    /// The physical address that it prefers.
    pub pref_address: u64,
    /// Bytes of memory that the kernel needs from its load address on, before it can read the memory map.
    pub init_size: u32,
    /// The version text that `kernel_version` points to, such as `6.1.0-50-amd64 (...) #1 SMP ...`.
    pub release: Option<String>,
}

impl SetupHeader {
    /// Whether the file claims to be a bzImage.
    #[must_use]
    pub fn claimed_by(bytes: &[u8]) -> bool {
        array(bytes, 0x202) == Some(*b"HdrS") && u16_at(bytes, 0x1fe) == Some(0xaa55)
    }

    /// Parses and checks the header, and the file's length against it.
    ///
    /// # Errors
    /// The first of `boot-protocol`, `setup-header`, `no-64bit-entry`, `truncated` that holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        let version = u16_at(bytes, 0x206).ok_or_else(too_short)?;
        if version < OLDEST_PROTOCOL {
            let seen = format!("protocol {}.{:02}", version >> 8, version & 0xff);
            return Err(Finding::new(Reason::ProtocolTooOld, seen));
        }
        let header = Self::fields(bytes, version).ok_or_else(too_short)?;
        header.check(bytes)?;
        Ok(header)
    }

    fn fields(bytes: &[u8], version: u16) -> Option<Self> {
        let setup_sects = match array::<1>(bytes, 0x1f1)? {
            [0] => 4,
            [sectors] => usize::from(sectors),
        };
        Some(Self {
            version,
            setup_size: setup_sects.checked_add(1)?.checked_mul(SECTOR)?,
            system_size: size_at(bytes, 0x1f4)?.checked_mul(16)?,
            loadflags: u8::from_le_bytes(array(bytes, 0x211)?),
            xloadflags: u16_at(bytes, 0x236)?,
            cmdline_size: u32_at(bytes, 0x238)?,
            kernel_alignment: u32_at(bytes, 0x230)?,
            relocatable: array::<1>(bytes, 0x234)? != [0],
            min_alignment: u8::from_le_bytes(array(bytes, 0x235)?),
            pref_address: u64_at(bytes, 0x258)?,
            init_size: u32_at(bytes, 0x260)?,
            release: release(bytes),
        })
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Finding> {
        if self.loadflags & LOADED_HIGH == 0 {
            return Err(Finding::new(Reason::HeaderInvalid, "LOADED_HIGH is not set (zImage)"));
        }
        if self.xloadflags & xloadflags::KERNEL_64 == 0 || self.xloadflags & xloadflags::ABOVE_4G == 0 {
            return Err(Finding::new(Reason::No64BitEntry, format!("xloadflags {:#x}", self.xloadflags)));
        }
        if !self.kernel_alignment.is_power_of_two() {
            return Err(Finding::new(Reason::HeaderInvalid, format!("kernel_alignment {:#x}", self.kernel_alignment)));
        }
        if self.init_size == 0 || self.system_size == 0 {
            return Err(Finding::new(Reason::HeaderInvalid, "init_size or syssize is zero"));
        }
        if self.cmdline_size < CMDLINE_RESERVED {
            return Err(Finding::new(Reason::HeaderInvalid, format!("cmdline_size {}", self.cmdline_size)));
        }
        let wanted = self.end();
        if bytes.len() < wanted {
            let seen = format!("{} bytes of {wanted}", bytes.len());
            return Err(Finding::new(Reason::Truncated, seen));
        }
        // The kernel's loader copies everything after the setup code into init_size bytes, rounded up to pages.
        let copied = bytes.len().saturating_sub(self.setup_size);
        let room = usize::try_from(self.init_size).unwrap_or(usize::MAX).checked_next_multiple_of(4096);
        if room.is_some_and(|room| copied > room) {
            let seen = format!("init_size {} is less than the {copied} bytes to be copied", self.init_size);
            return Err(Finding::new(Reason::HeaderInvalid, seen));
        }
        Ok(())
    }

    /// The end of the image according to its header, in bytes; signatures follow there.
    #[must_use]
    pub fn end(&self) -> usize {
        self.setup_size.saturating_add(self.system_size)
    }

    /// Whether it can be entered under five-level page tables.
    #[must_use]
    pub const fn five_level(&self) -> bool {
        self.xloadflags & xloadflags::FIVE_LEVEL != 0
    }
}

fn too_short() -> Finding {
    Finding::new(Reason::Truncated, "the file ends within the setup_header")
}

/// `kernel_version`: an offset, less 0x200, to a NUL-ended text in the real-mode code.
fn release(bytes: &[u8]) -> Option<String> {
    let offset = usize::from(u16_at(bytes, 0x20e)?);
    if offset == 0 {
        return None;
    }
    let text = bytes.get(offset.checked_add(0x200)?..)?;
    let text = text.split(|byte| *byte == 0).next()?;
    let text = text.get(..text.len().min(200))?;
    let printable = text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    printable.then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header as Debian's kernels have it, without code.
    fn kernel() -> Vec<u8> {
        let mut image = vec![0; 0x600];
        let mut put = |offset: usize, bytes: &[u8]| image[offset..offset + bytes.len()].copy_from_slice(bytes);
        put(0x1f1, &[1]);
        put(0x1f4, &0x20u32.to_le_bytes());
        put(0x1fe, &[0x55, 0xaa]);
        put(0x202, b"HdrS");
        put(0x206, &0x020fu16.to_le_bytes());
        put(0x20e, &0x80u16.to_le_bytes());
        put(0x211, &[1]);
        put(0x230, &0x20_0000u32.to_le_bytes());
        put(0x234, &[1, 21]);
        put(0x236, &0x7fu16.to_le_bytes());
        put(0x238, &2047u32.to_le_bytes());
        put(0x258, &0x100_0000u64.to_le_bytes());
        put(0x260, &0x300_0000u32.to_le_bytes());
        put(0x280, b"6.1.0-test #1\0");
        image
    }

    #[test]
    fn the_fields_are_read() {
        let header = SetupHeader::parse(&kernel()).unwrap();
        assert_eq!((header.setup_size, header.system_size, header.end()), (1024, 512, 1536));
        assert_eq!((header.cmdline_size, header.init_size), (2047, 0x300_0000));
        assert_eq!(header.release.as_deref(), Some("6.1.0-test #1"));
        assert!(header.five_level() && header.relocatable);
        assert_eq!((header.kernel_alignment, header.min_alignment), (1 << 21, 21));
    }

    #[test]
    fn one_changed_field_is_one_reason() {
        let rows: &[(usize, &[u8], Reason)] = &[
            (0x206, &[0x0b, 2], Reason::ProtocolTooOld),
            (0x211, &[0], Reason::HeaderInvalid),
            (0x230, &[3], Reason::HeaderInvalid),
            (0x238, &[29, 0], Reason::HeaderInvalid),
            (0x236, &[0x7e, 0], Reason::No64BitEntry),
            (0x236, &[0x7d, 0], Reason::No64BitEntry),
            (0x260, &[0, 0, 0, 0], Reason::HeaderInvalid),
            (0x1f4, &[0, 0, 0, 0], Reason::HeaderInvalid),
            (0x1f4, &[0x21], Reason::Truncated),
            (0x1f1, &[2], Reason::Truncated),
            (0x1f1, &[0], Reason::Truncated),
        ];
        for (offset, bytes, reason) in rows {
            assert_eq!(SetupHeader::parse(&with(*offset, bytes)).unwrap_err().reason, *reason, "{offset:#x}");
        }
    }

    fn with(offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut image = kernel();
        image[offset..offset + bytes.len()].copy_from_slice(bytes);
        image
    }

    #[test]
    fn the_least_command_line_is_accepted() {
        assert_eq!(SetupHeader::parse(&with(0x238, &[30, 0])).map(|header| header.cmdline_size), Ok(30));
    }

    #[test]
    fn what_is_copied_may_fill_the_pages_of_init_size() {
        let mut image = with(0x260, &4095_u32.to_le_bytes());
        image.resize(1024 + 4096, 0);
        assert_eq!(SetupHeader::parse(&image).map(|header| header.init_size), Ok(4095));
        image.push(0);
        assert_eq!(SetupHeader::parse(&image).map_err(|finding| finding.reason), Err(Reason::HeaderInvalid));
    }

    /// The table of `xloadflags` in boot.rst.
    #[test]
    fn the_bits_are_those_of_the_boot_protocol() {
        use xloadflags::{ABOVE_4G, EFI_KEXEC, FIVE_LEVEL, FIVE_LEVEL_ENABLED, HANDOVER_32, HANDOVER_64, KERNEL_64};
        let bits = [KERNEL_64, ABOVE_4G, HANDOVER_32, HANDOVER_64, EFI_KEXEC, FIVE_LEVEL, FIVE_LEVEL_ENABLED];
        assert_eq!(bits, [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40]);
    }

    #[test]
    fn one_bit_says_whether_five_levels_are_supported() {
        for (xloadflags, wanted) in [(0x7f, true), (0x23, true), (0x5f, false), (0x03, false)] {
            let header = SetupHeader::parse(&with(0x236, &[xloadflags])).unwrap();
            assert_eq!(header.five_level(), wanted, "{xloadflags:#x}");
        }
    }

    #[test]
    fn no_length_makes_it_panic() {
        let image = kernel();
        for length in 0..image.len() {
            assert!(SetupHeader::parse(&image[..length]).is_err(), "{length}");
        }
    }
}
