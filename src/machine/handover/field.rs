//! Where the fields of boot_params stand (arch/x86/include/uapi/asm/bootparam.h, Documentation/arch/x86/zero-page.rst), in
//! bytes from its start. The setup_header's, from 0x1f1 on, have the same offsets in a bzImage.

/// Bytes of boot_params.
pub const SIZE: usize = 4096;

/// `screen_info`, 64 bytes.
pub const SCREEN_INFO: usize = 0x000;
/// `screen_info.ext_mem_k`, u16: KiB of memory above 1 MiB, at most 0xfc00.
pub const EXT_MEM_K: usize = 0x002;
/// `acpi_rsdp_addr`, u64.
pub const ACPI_RSDP_ADDR: usize = 0x070;
/// `ext_ramdisk_image`, u32: the high half of `ramdisk_image`.
pub const EXT_RAMDISK_IMAGE: usize = 0x0c0;
/// `ext_ramdisk_size`, u32.
pub const EXT_RAMDISK_SIZE: usize = 0x0c4;
/// `ext_cmd_line_ptr`, u32.
pub const EXT_CMD_LINE_PTR: usize = 0x0c8;
/// `cc_blob_address`, u32.
pub const CC_BLOB_ADDRESS: usize = 0x13c;
/// `efi_info.efi_loader_signature`, four letters.
pub const EFI_LOADER_SIGNATURE: usize = 0x1c0;
/// `efi_info.efi_systab`, u32.
pub const EFI_SYSTAB: usize = 0x1c4;
/// `efi_info.efi_memdesc_size`, u32: bytes.
pub const EFI_MEMDESC_SIZE: usize = 0x1c8;
/// `efi_info.efi_memdesc_version`, u32.
pub const EFI_MEMDESC_VERSION: usize = 0x1cc;
/// `efi_info.efi_memmap`, u32.
pub const EFI_MEMMAP: usize = 0x1d0;
/// `efi_info.efi_memmap_size`, u32: bytes.
pub const EFI_MEMMAP_SIZE: usize = 0x1d4;
/// `efi_info.efi_systab_hi`, u32.
pub const EFI_SYSTAB_HI: usize = 0x1d8;
/// `efi_info.efi_memmap_hi`, u32.
pub const EFI_MEMMAP_HI: usize = 0x1dc;
/// `alt_mem_k`, u32: KiB of memory above 1 MiB.
pub const ALT_MEM_K: usize = 0x1e0;
/// `e820_entries`, u8.
pub const E820_ENTRIES: usize = 0x1e8;
/// `eddbuf_entries`, u8.
pub const EDDBUF_ENTRIES: usize = 0x1e9;
/// `edd_mbr_sig_buf_entries`, u8.
pub const EDD_MBR_SIG_BUF_ENTRIES: usize = 0x1ea;
/// `secure_boot`, u8.
pub const SECURE_BOOT: usize = 0x1ec;
/// The setup_header.
pub const HEADER: usize = 0x1f1;
/// `root_flags`, u16: whether the root is to be mounted read-only.
pub const ROOT_FLAGS: usize = 0x1f2;
/// `boot_flag`, u16.
pub const BOOT_FLAG: usize = 0x1fe;
/// `jump`, two bytes; the second is how many bytes of setup_header come after it.
pub const JUMP: usize = 0x200;
/// `header`, four letters.
pub const MAGIC: usize = 0x202;
/// `version`, u16.
pub const VERSION: usize = 0x206;
/// `type_of_loader`, u8.
pub const TYPE_OF_LOADER: usize = 0x210;
/// `loadflags`, u8.
pub const LOADFLAGS: usize = 0x211;
/// `ramdisk_image`, u32.
pub const RAMDISK_IMAGE: usize = 0x218;
/// `ramdisk_size`, u32: bytes.
pub const RAMDISK_SIZE: usize = 0x21c;
/// `cmd_line_ptr`, u32.
pub const CMD_LINE_PTR: usize = 0x228;
/// `kernel_alignment`, u32: bytes.
pub const KERNEL_ALIGNMENT: usize = 0x230;
/// `xloadflags`, u16.
pub const XLOADFLAGS: usize = 0x236;
/// `cmdline_size`, u32.
pub const CMDLINE_SIZE: usize = 0x238;
/// `hardware_subarch`, u32.
pub const HARDWARE_SUBARCH: usize = 0x23c;
/// `hardware_subarch_data`, u64.
pub const HARDWARE_SUBARCH_DATA: usize = 0x240;
/// `setup_data`, u64: the first of the list.
pub const SETUP_DATA: usize = 0x250;
/// Where the fields end that every kernel with a 64-bit entry has: behind `init_size`.
pub const INIT_SIZE_END: usize = 0x264;
/// Where the setup_header must end.
pub const HEADER_END: usize = 0x290;
/// `edd_mbr_sig_buffer`, 16 times u32.
pub const EDD_MBR_SIG_BUFFER: usize = 0x290;
/// `e820_table`, 128 entries of 20 bytes.
pub const E820_TABLE: usize = 0x2d0;
/// `eddbuf`, six times 82 bytes.
pub const EDDBUF: usize = 0xd00;
