//! The facts that the boot loader and the firmware told the running kernel, and that the next kernel cannot find out by itself.
//!
//! The kernel's own loader hands on the same facts (arch/x86/kernel/kexec-bzimage64.c, `setup_boot_parameters`). setup_data is
//! not among them: a list that is handed on would grow with every kexec. screen_info describes the frame buffer at boot; if a
//! driver has set another mode since then, it does not show here.

mod efi;

pub use efi::{Descriptor, Efi};

use super::boot_params::field::{self, Field};
use crate::memory::PhysAddr;
use crate::sources::Root;

/// `EDDMAXNR` and `EDD_MBR_SIG_MAX`.
const EDD_MAX: u8 = 6;
const EDD_MBR_SIG_MAX: u8 = 16;

/// The BIOS's disks (include/uapi/linux/edd.h).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edd {
    /// `eddbuf`: six entries of 82 bytes.
    pub eddbuf: [u8; 492],
    /// Entries in use, at most six.
    pub eddbuf_entries: u8,
    /// `edd_mbr_sig_buffer`: 16 signatures of four bytes.
    pub edd_mbr_sig_buffer: [u8; 64],
    /// Signatures in use, at most 16.
    pub edd_mbr_sig_buf_entries: u8,
}

/// The facts that are handed on. `None` is a fact that cannot be read, or that the running kernel was not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handover {
    /// The screen, as the running kernel found it.
    pub screen_info: Option<[u8; 64]>,
    /// The BIOS's disks; nothing where there are none.
    pub edd: Option<Edd>,
    /// `X86_SUBARCH_*`.
    pub hardware_subarch: Option<u32>,
    /// Data of the subarchitecture.
    pub hardware_subarch_data: Option<u64>,
    /// The address of ACPI's root pointer. A kernel that is not told looks in low memory, where only a BIOS puts it.
    pub acpi_rsdp_addr: Option<PhysAddr>,
    /// `enum efi_secureboot_mode`: 0 unset, 1 unknown, 2 off, 3 on (include/linux/efi.h).
    pub secure_boot: Option<u8>,
    /// The table of secrets and CPUID of an SEV-SNP guest; nothing elsewhere. It is never handed on, because
    /// segments are never loaded in such a guest.
    pub cc_blob_address: Option<u32>,
    /// EFI's runtime services; `None` where there are none, or a part of what describes them cannot be read.
    pub efi: Option<Efi>,
}

/// `orig_video_isVGA` within screen_info (include/uapi/linux/screen_info.h), and its value for a text screen.
const IS_VGA: usize = 0x0f;
const VIDEO_TYPE_VGAC: u8 = 1;

impl Handover {
    /// Whether the screen was in a VGA text mode when the running kernel started.
    #[must_use]
    pub fn text_mode(&self) -> bool {
        self.screen_info.is_some_and(|info| info.get(IS_VGA) == Some(&VIDEO_TYPE_VGAC))
    }

    /// Reads the facts, most of them from /sys/kernel/boot_params/data.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let own = root.read("/sys/kernel/boot_params/data", 4096).ok().flatten();
        let own: Option<[u8; field::SIZE]> = own.and_then(|bytes| bytes.try_into().ok());
        let systab = efi::Systab::read(root);
        let Some(own) = own else {
            return Self { acpi_rsdp_addr: systab.rsdp(), ..Self::default() };
        };
        Self {
            screen_info: array(&own, field::SCREEN_INFO),
            edd: edd(&own),
            hardware_subarch: array(&own, field::HARDWARE_SUBARCH).map(u32::from_le_bytes),
            hardware_subarch_data: array(&own, field::HARDWARE_SUBARCH_DATA).map(u64::from_le_bytes),
            acpi_rsdp_addr: address(&own, field::ACPI_RSDP_ADDR).or_else(|| systab.rsdp()),
            secure_boot: array(&own, field::SECURE_BOOT).map(|[byte]| byte),
            cc_blob_address: array(&own, field::CC_BLOB_ADDRESS).map(u32::from_le_bytes).filter(|blob| *blob != 0),
            efi: Efi::read(root, &own, &systab),
        }
    }
}

/// The bytes of a field, of which there must be `N` or more.
fn array<const N: usize>(own: &[u8; field::SIZE], field: Field) -> Option<[u8; N]> {
    own.get(field.range())?.first_chunk().copied()
}

fn address(own: &[u8; field::SIZE], field: Field) -> Option<PhysAddr> {
    array(own, field).map(u64::from_le_bytes).filter(|address| *address != 0).map(PhysAddr::new)
}

fn edd(own: &[u8; field::SIZE]) -> Option<Edd> {
    let [eddbuf_entries] = array(own, field::EDDBUF_ENTRIES)?;
    let [edd_mbr_sig_buf_entries] = array(own, field::EDD_MBR_SIG_BUF_ENTRIES)?;
    if eddbuf_entries == 0 && edd_mbr_sig_buf_entries == 0 {
        return None;
    }
    Some(Edd {
        eddbuf: array(own, field::EDDBUF)?,
        eddbuf_entries: eddbuf_entries.min(EDD_MAX),
        edd_mbr_sig_buffer: array(own, field::EDD_MBR_SIG_BUFFER)?,
        edd_mbr_sig_buf_entries: edd_mbr_sig_buf_entries.min(EDD_MBR_SIG_MAX),
    })
}

#[cfg(test)]
mod tests;
