//! The setup_header: a bzImage's own, or one for a vmlinux.

use super::field;
use super::page::ZeroPage;
use super::{BootParams, Header};
use crate::image::bzimage::{LOADED_HIGH, xloadflags};
use crate::image::elf;
use crate::reason::{Finding, Reason};

/// The number of kexec among boot loaders (boot.rst, `type_of_loader`): /proc/sys/kernel/bootloader_type shows 208 = 0xd0.
const KEXEC: u8 = 0xd0;
/// `KASLR_FLAG` of `loadflags`.
const KASLR: u8 = 1 << 1;
/// The `xloadflags` of every 64-bit vmlinux.
const XLOADFLAGS: u16 = xloadflags::KERNEL_64 | xloadflags::ABOVE_4G;
/// `XLF_EFI_KEXEC`: the kernel takes EFI's runtime map over from another kernel.
const EFI_KEXEC: u16 = 1 << 4;
/// The newest version of the boot protocol: 2.15.
const PROTOCOL: u16 = 0x020f;

/// Writes the header, and the fields in it that a boot loader fills in.
pub(super) fn write(page: &mut ZeroPage, params: &BootParams) -> Result<(), Finding> {
    match params.header {
        Header::BzImage(file) => page.put(field::HEADER, own(file)?),
        Header::Elf { .. } => synthetic(page),
    }
    page.put(field::TYPE_OF_LOADER, &[KEXEC]);
    page.put(field::LOADFLAGS, &[loadflags(params)]);
    if let Some(alignment) = params.kernel_alignment {
        page.put(field::KERNEL_ALIGNMENT, &alignment.to_le_bytes());
    }
    // Only a boot loader knows these, so that the file's values mean nothing.
    for meaningless in [field::RAMDISK_IMAGE, field::RAMDISK_SIZE] {
        page.put(meaningless, &[0; 4]);
    }
    Ok(())
}

/// Whether a bzImage takes EFI's runtime map over.
pub(super) fn efi_kexec(file: &[u8]) -> bool {
    let flags = file.get(field::XLOADFLAGS.range()).and_then(|bytes| bytes.first_chunk().copied());
    flags.is_some_and(|flags| u16::from_le_bytes(flags) & EFI_KEXEC != 0)
}

/// A bzImage's header, by the length that stands in it; at most as much as boot_params have room for.
fn own(file: &[u8]) -> Result<&[u8], Finding> {
    let malformed = |seen: String| Finding::new(Reason::HeaderInvalid, seen);
    let length = file.get(field::JUMP.range()).and_then(|jump| jump.last().copied()).unwrap_or_default();
    let end = field::JUMP.range().end.saturating_add(length.into()).min(field::HEADER.range().end);
    if end < field::INIT_SIZE_END {
        return Err(malformed(format!("its own length says that it ends at {end:#x}, before init_size")));
    }
    file.get(field::HEADER.offset..end).ok_or_else(|| malformed(format!("the file ends before {end:#x}")))
}

/// The fields that the kernel proper reads: `version` tells it that there is a header, `root_flags` is what a bzImage has.
fn synthetic(page: &mut ZeroPage) {
    page.put(field::ROOT_FLAGS, &1u16.to_le_bytes());
    page.put(field::BOOT_FLAG, &0xaa55u16.to_le_bytes());
    page.put(field::JUMP, &[0xeb, 0x6a]);
    page.put(field::MAGIC, b"HdrS");
    page.put(field::VERSION, &PROTOCOL.to_le_bytes());
    page.put(field::XLOADFLAGS, &XLOADFLAGS.to_le_bytes());
    page.put(field::CMDLINE_SIZE, &elf::CMDLINE_SIZE.to_le_bytes());
}

/// Takes no bit from the file: this loader lends no heap, and the command line says whether the boot is quiet.
const fn loadflags(params: &BootParams) -> u8 {
    if params.kaslr { LOADED_HIGH | KASLR } else { LOADED_HIGH }
}
