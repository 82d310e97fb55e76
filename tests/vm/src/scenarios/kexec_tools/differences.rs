//! What differs between kexec-tools' call and skexec's, and why. A difference that is not listed is an error; so is one that
//! is listed and was not seen.

/// A field of boot_params, and the reason.
pub(super) const DIFFERENCES: &[(&str, &str)] = &[
    ("ramdisk_image", PLACE),
    ("cmd_line_ptr", PLACE),
    ("setup_data", PLACE),
    ("efi_memmap", PLACE),
    ("efi_memmap_hi", PLACE),
    ("root_flags", "kexec-tools writes 0xffff; skexec keeps the file's 1: both mean a root mounted read-only"),
    (
        "root_dev",
        "kexec-tools names the first IDE disk, which is no root of anybody's today; skexec keeps the file's 0",
    ),
    ("secure_boot", "kexec-tools leaves it 0, and the next kernel cannot tell whether Secure Boot is on"),
    (
        "boot_flag",
        "kexec-tools writes aux_device_info of protocol 1 to 0x1ff, which is the flag's upper half since 2.00",
    ),
    ("loadflags", "kexec-tools clears them all; skexec keeps LOADED_HIGH, which is true"),
    ("screen_info", "kexec-tools asks the frame buffer device; skexec hands on what the running kernel was told"),
];

const PLACE: &str = "an address: each loader chooses its own places";

/// kexec-tools leaves out RAM below this address, where real mode keeps its interrupt table; skexec hands on the firmware's
/// map, and the kernel keeps the whole first page for itself.
pub(super) const E820_START: u64 = 0x400;
