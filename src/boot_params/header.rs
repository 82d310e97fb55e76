//! The setup_header: a bzImage's own, or one for a vmlinux.

use super::page::ZeroPage;
use super::{BootParams, Header};
use crate::image::bzimage::{LOADED_HIGH, xloadflags};
use crate::image::elf;
use crate::machine::handover::field;
use crate::reason::{Finding, Reason};

/// The number that kexec has among boot loaders: /proc/sys/kernel/bootloader_type is 208.
const KEXEC: u8 = 0xd0;
/// Memory regions are to be randomised (`kaslr_enabled`, arch/x86/include/asm/setup.h). A bzImage's own code sets it; where
/// the kernel is entered behind that code, nobody else does.
const KASLR: u8 = 1 << 1;
/// What is true of every vmlinux that comes here.
const XLOADFLAGS: u16 = xloadflags::KERNEL_64 | xloadflags::ABOVE_4G;
/// The newest protocol there is.
const PROTOCOL: u16 = 0x020f;
/// Behind it a header's length counts.
const LENGTH_FROM: usize = 0x202;

/// Writes the header, and what a loader has to say in it.
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
    // A file's values for what only a loader knows mean nothing.
    for nobodys in [field::RAMDISK_IMAGE, field::RAMDISK_SIZE] {
        page.put(nobodys, &[0; 4]);
    }
    Ok(())
}

/// Whether a bzImage takes EFI's runtime map over.
pub(super) fn efi_kexec(file: &[u8]) -> bool {
    let flags = file.get(field::XLOADFLAGS..).and_then(|bytes| bytes.first_chunk().copied());
    flags.is_some_and(|flags| u16::from_le_bytes(flags) & xloadflags::EFI_KEXEC != 0)
}

/// A bzImage's header has the length that it gives, up to where boot_params has no more room for it.
fn own(file: &[u8]) -> Result<&[u8], Finding> {
    let malformed = |seen: String| Finding::new(Reason::HeaderInvalid, seen);
    let length = file.get(field::JUMP.saturating_add(1)).copied().unwrap_or_default();
    let end = LENGTH_FROM.saturating_add(length.into()).min(field::HEADER_END);
    if end < field::INIT_SIZE_END {
        return Err(malformed(format!("by its own length it ends at {end:#x}, before init_size")));
    }
    file.get(field::HEADER..end).ok_or_else(|| malformed(format!("the file ends before {end:#x}")))
}

/// What the kernel itself reads of a header: `version` tells it that there is one, `root_flags` is what a bzImage has.
fn synthetic(page: &mut ZeroPage) {
    page.put(field::ROOT_FLAGS, &1u16.to_le_bytes());
    page.put(field::BOOT_FLAG, &0xaa55u16.to_le_bytes());
    page.put(field::JUMP, &[0xeb, 0x6a]);
    page.put(field::MAGIC, b"HdrS");
    page.put(field::VERSION, &PROTOCOL.to_le_bytes());
    page.put(field::XLOADFLAGS, &XLOADFLAGS.to_le_bytes());
    page.put(field::CMDLINE_SIZE, &elf::CMDLINE_SIZE.to_le_bytes());
}

/// Nothing of the file's: no heap is lent, and whether to be quiet the command line says.
fn loadflags(params: &BootParams) -> u8 {
    let no_kaslr = || words(params.cmdline).any(|word| word == b"nokaslr");
    match params.header {
        Header::Elf { .. } if !no_kaslr() => LOADED_HIGH | KASLR,
        _ => LOADED_HIGH,
    }
}

/// Words as the boot code splits them (`__cmdline_find_option_bool`), which knows no quotes.
fn words(cmdline: &[u8]) -> impl Iterator<Item = &[u8]> {
    cmdline.split(|byte| *byte <= b' ')
}
