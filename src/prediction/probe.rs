//! The probe that the kernel makes before any signature check (`arch/x86/kernel/kexec-bzimage64.c:bzImage64_probe`).

use super::errno::Errno;

const BOOT_FLAG: usize = 0x1fe;
const MAGIC: usize = 0x202;
const VERSION: usize = 0x206;
const LOADFLAGS: usize = 0x211;
const XLOADFLAGS: usize = 0x236;

/// Whether the kernel's only loader accepts these bytes; otherwise `ENOEXEC`.
///
/// Only a kernel that runs with five-level page tables demands `XLF_5LEVEL`; the reference kernel does not run with them.
pub(super) fn bzimage64_probe(bytes: &[u8]) -> Result<(), Errno> {
    if bytes.len() >= 1024 && fits(bytes).unwrap_or(false) { Ok(()) } else { Err(Errno::Noexec) }
}

fn fits(bytes: &[u8]) -> Option<bool> {
    let boot_flag: [u8; 2] = *bytes.get(BOOT_FLAG..)?.first_chunk()?;
    let magic: [u8; 4] = *bytes.get(MAGIC..)?.first_chunk()?;
    let version = u16::from_le_bytes(*bytes.get(VERSION..)?.first_chunk()?);
    let loaded_high = bytes.get(LOADFLAGS)? & 1 != 0;
    let kernel_64_above_4g = bytes.get(XLOADFLAGS)? & 3 == 3;
    Some(&magic == b"HdrS" && boot_flag == [0x55, 0xaa] && version >= 0x20c && loaded_high && kernel_64_above_4g)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn image() -> Vec<u8> {
        let mut image = vec![0; 1024];
        image[BOOT_FLAG..][..2].copy_from_slice(&[0x55, 0xaa]);
        image[MAGIC..][..4].copy_from_slice(b"HdrS");
        image[VERSION..][..2].copy_from_slice(&[0x0f, 0x02]);
        image[LOADFLAGS] = 1;
        image[XLOADFLAGS] = 3;
        image
    }

    #[test]
    fn each_rule_is_needed() {
        assert_eq!(bzimage64_probe(&image()), Ok(()));
        assert_eq!(bzimage64_probe(&image()[..1023]), Err(Errno::Noexec));
        for at in [BOOT_FLAG, BOOT_FLAG + 1, MAGIC, MAGIC + 3, LOADFLAGS, XLOADFLAGS] {
            let mut broken = image();
            broken[at] = 0;
            assert_eq!(bzimage64_probe(&broken), Err(Errno::Noexec), "{at:#x}");
        }
        let mut old = image();
        old[VERSION] = 0x0b;
        assert_eq!(bzimage64_probe(&old), Err(Errno::Noexec));
    }
}
