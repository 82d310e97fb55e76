//! The fields of boot_params: every offset that skexec reads or writes stands in this one table
//! (arch/x86/include/uapi/asm/bootparam.h, Documentation/arch/x86/zero-page.rst).

use std::ops::Range;

/// Bytes of boot_params.
pub(crate) const SIZE: usize = 4096;
/// Where the fields end that every kernel with a 64-bit entry has: behind `init_size` of the setup_header.
pub(crate) const INIT_SIZE_END: usize = 0x264;

/// A field of boot_params. The fields of the setup_header have the same offsets in a bzImage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// The kernel's name; a dot stands before the name of a member.
    pub(crate) name: &'static str,
    /// Bytes from the start of boot_params.
    pub(crate) offset: usize,
    /// Bytes.
    pub(crate) size: usize,
}

impl Field {
    /// The offsets of its bytes.
    pub(crate) const fn range(self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.size)
    }
}

/// Makes a constant of each row, and a list of all.
macro_rules! fields {
    ($($constant:ident $name:literal $offset:literal $size:literal $meaning:literal)*) => {
        $(#[doc = $meaning] pub(crate) const $constant: Field = Field { name: $name, offset: $offset, size: $size };)*
        /// The whole table.
        #[cfg(test)]
        pub(crate) const ALL: &[Field] = &[$($constant),*];
    };
}

#[rustfmt::skip]
fields! {
    SCREEN_INFO              "screen_info"                      0x000 64    "The screen as the boot loader left it (include/uapi/linux/screen_info.h)."
    EXT_MEM_K                "screen_info.ext_mem_k"            0x002 2     "KiB of memory above 1 MiB, at most 0xfc00."
    ACPI_RSDP_ADDR           "acpi_rsdp_addr"                   0x070 8     "The physical address of ACPI's root pointer; 0 where it is not known."
    EXT_RAMDISK_IMAGE        "ext_ramdisk_image"                0x0c0 4     "The high half of `ramdisk_image`."
    EXT_RAMDISK_SIZE         "ext_ramdisk_size"                 0x0c4 4     "The high half of `ramdisk_size`."
    EXT_CMD_LINE_PTR         "ext_cmd_line_ptr"                 0x0c8 4     "The high half of `cmd_line_ptr`."
    CC_BLOB_ADDRESS          "cc_blob_address"                  0x13c 4     "The physical address of the secrets of an SEV-SNP guest."
    EFI_LOADER_SIGNATURE     "efi_info.efi_loader_signature"    0x1c0 4     "`EL64` or `EL32`."
    EFI_SYSTAB               "efi_info.efi_systab"              0x1c4 4     "The low half of the system table's physical address."
    EFI_MEMDESC_SIZE         "efi_info.efi_memdesc_size"        0x1c8 4     "Bytes of a memory descriptor."
    EFI_MEMDESC_VERSION      "efi_info.efi_memdesc_version"     0x1cc 4     "`EFI_MEMORY_DESCRIPTOR_VERSION`."
    EFI_MEMMAP               "efi_info.efi_memmap"              0x1d0 4     "The low half of the memory map's physical address."
    EFI_MEMMAP_SIZE          "efi_info.efi_memmap_size"         0x1d4 4     "Bytes of the memory map."
    EFI_SYSTAB_HI            "efi_info.efi_systab_hi"           0x1d8 4     "The high half of `efi_systab`."
    EFI_MEMMAP_HI            "efi_info.efi_memmap_hi"           0x1dc 4     "The high half of `efi_memmap`."
    ALT_MEM_K                "alt_mem_k"                        0x1e0 4     "KiB of memory above 1 MiB."
    E820_ENTRIES             "e820_entries"                     0x1e8 1     "Entries in `e820_table`, at most 128."
    EDDBUF_ENTRIES           "eddbuf_entries"                   0x1e9 1     "Entries in `eddbuf`, at most 6."
    EDD_MBR_SIG_BUF_ENTRIES  "edd_mbr_sig_buf_entries"          0x1ea 1     "Entries in `edd_mbr_sig_buffer`, at most 16."
    SECURE_BOOT              "secure_boot"                      0x1ec 1     "`enum efi_secureboot_mode` (include/linux/efi.h)."
    HEADER                   "hdr"                              0x1f1 159   "The setup_header, and the room that boot_params have for it."
    ROOT_FLAGS               "hdr.root_flags"                   0x1f2 2     "Not 0: the root is to be mounted read-only."
    BOOT_FLAG                "hdr.boot_flag"                    0x1fe 2     "0xaa55."
    JUMP                     "hdr.jump"                         0x200 2     "A jump instruction; its second byte is the number of bytes of setup_header that come after it."
    MAGIC                    "hdr.header"                       0x202 4     "`HdrS`."
    VERSION                  "hdr.version"                      0x206 2     "The version of the boot protocol, major in the high byte."
    TYPE_OF_LOADER           "hdr.type_of_loader"               0x210 1     "The boot loader's number."
    LOADFLAGS                "hdr.loadflags"                    0x211 1     "Bit mask `LOADED_HIGH`, `KASLR_FLAG` and others."
    RAMDISK_IMAGE            "hdr.ramdisk_image"                0x218 4     "The low half of the physical address of the initrd."
    RAMDISK_SIZE             "hdr.ramdisk_size"                 0x21c 4     "The low half of the initrd's size in bytes."
    CMD_LINE_PTR             "hdr.cmd_line_ptr"                 0x228 4     "The low half of the physical address of the command line."
    KERNEL_ALIGNMENT         "hdr.kernel_alignment"             0x230 4     "Bytes, a power of two."
    XLOADFLAGS               "hdr.xloadflags"                   0x236 2     "Bit mask `XLF_*`."
    CMDLINE_SIZE             "hdr.cmdline_size"                 0x238 4     "The longest command line in bytes, without its NUL."
    HARDWARE_SUBARCH         "hdr.hardware_subarch"             0x23c 4     "`X86_SUBARCH_*`."
    HARDWARE_SUBARCH_DATA    "hdr.hardware_subarch_data"        0x240 8     "What belongs to the subarchitecture."
    SETUP_DATA               "hdr.setup_data"                   0x250 8     "The physical address of the first `struct setup_data`; 0 where there is none."
    EDD_MBR_SIG_BUFFER       "edd_mbr_sig_buffer"               0x290 64    "The signatures of 16 disks' boot sectors."
    E820_TABLE               "e820_table"                       0x2d0 2560  "128 entries of 20 bytes."
    EDDBUF                   "eddbuf"                           0xd00 492   "6 entries of 82 bytes."
}

#[cfg(test)]
mod tests;
