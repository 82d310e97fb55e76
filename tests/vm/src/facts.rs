//! The facts that a kernel reports about its machine, including those that kexec must pass on.

use serde::{Deserialize, Serialize};

/// The types of `setup_data` that kexec passes to the next kernel (arch/x86/include/uapi/asm/setup_data.h).
pub const SETUP_EFI: u32 = 4;
pub const SETUP_RNG_SEED: u32 = 9;
/// The mark of skexec's segments, by which the next kernel shows who booted it.
pub const SETUP_MARK: u32 = 0x736b_6578;

/// `agent facts`, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `uname -r`
    pub release: String,
    /// `/proc/cmdline`
    pub cmdline: String,
    /// The initrd as it was in memory, with padding; none without `retain_initrd` on the command line
    pub initrd: Option<Initrd>,
    /// None if the kernel runs without UEFI's runtime services
    pub efi: Option<Efi>,
    /// boot_params.acpi_rsdp_addr; 0 if the kernel had to search for the RSDP
    pub rsdp: u64,
    /// `/sys/firmware/acpi/tables`, sorted
    pub acpi_tables: Vec<String>,
    /// boot_params.secure_boot: 0 unset, 1 unknown, 2 disabled, 3 enabled
    pub secure_boot: u8,
    /// boot_params.hdr.type_of_loader
    pub loader_type: u8,
    /// `/sys/firmware/memmap`, by address: the table that the loader gave, before the kernel changed it
    pub e820: Vec<E820>,
    /// In the order of the list
    pub setup_data: Vec<SetupData>,
    /// Five-level paging is on
    pub la57: bool,
    pub sha_ni: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initrd {
    pub size: u64,
    /// In hexadecimal
    pub sha256: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Efi {
    /// Entries of `/sys/firmware/efi/runtime-map`
    pub runtime_map: usize,
    /// Variables that efivarfs shows
    pub variables: usize,
    /// `SecureBoot`'s value could be read: the runtime services answer
    pub readable: bool,
}

/// One range; `end` is its last byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct E820 {
    pub start: u64,
    pub end: u64,
    /// The kernel's name for the type, such as `System RAM`
    pub kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupData {
    pub kind: u32,
    /// The length; the kernel consumes an RNG seed and then shows 0
    pub length: u64,
}

/// Where this kernel lies: `agent bases`, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bases {
    /// The virtual address of `_text`, from `/proc/kallsyms`
    pub text: u64,
    /// The physical address of "Kernel code", from `/proc/iomem`
    pub code: u64,
    /// The virtual address at which physical memory is mapped (page_offset_base), from `/proc/kcore`
    pub direct_map: u64,
    /// The start of the kernel's virtually mapped memory (vmalloc_base), from `/proc/kcore`
    pub vmalloc: u64,
    /// KASLR_FLAG in boot_params.hdr.loadflags: the kernel randomises its memory regions
    pub kaslr_flag: bool,
}
