//! What differs between kexec-tools' call and skexec's, and why. A difference that is not listed is an error; so is one that
//! is listed and was not seen.

/// A field of boot_params, and the reason.
pub(super) const DIFFERENCES: [(&str, &str); 12] = [
    ("ramdisk_image", PLACE),
    ("ext_ramdisk_image", PLACE),
    ("cmd_line_ptr", PLACE),
    ("ext_cmd_line_ptr", PLACE),
    ("setup_data", PLACE),
    ("efi_memmap", PLACE),
    ("efi_memmap_hi", PLACE),
    ("code32_start", PLACE),
    ("secure_boot", "kexec-tools leaves it 0, and the next kernel cannot tell whether Secure Boot is on"),
    (
        "boot_flag",
        "kexec-tools writes aux_device_info of protocol 1 to 0x1ff, which is the flag's upper half since 2.00",
    ),
    ("loadflags", "kexec-tools clears them all; skexec keeps LOADED_HIGH, which is true"),
    ("screen_info", "kexec-tools asks the frame buffer device; skexec hands on what the running kernel was told"),
];

const PLACE: &str = "an address: each loader chooses its own places";
