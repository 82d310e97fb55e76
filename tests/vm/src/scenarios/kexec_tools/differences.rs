//! The differences between kexec-tools' call and skexec's, with the reasons. A difference that is not listed is an error. So is a listed
//! difference that does not occur, except for addresses.

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
        "kexec-tools names the first IDE disk, which no current system has as its root; skexec keeps the file's 0",
    ),
    ("secure_boot", "kexec-tools leaves it 0, and the next kernel cannot tell whether Secure Boot is on"),
    (
        "boot_flag",
        "kexec-tools writes aux_device_info of protocol 1 to 0x1ff, which is the flag's upper half since 2.00",
    ),
    ("loadflags", "kexec-tools clears them all; skexec keeps LOADED_HIGH, which is true"),
    ("screen_info", "kexec-tools asks the frame buffer device; skexec passes on what the running kernel was given"),
];

pub(super) const PLACE: &str = "an address: each loader chooses its own places";

/// kexec-tools leaves out RAM below this address, where real mode has its interrupt table. skexec passes on the firmware's map, and
/// the kernel reserves the whole first page itself.
pub(super) const E820_START: u64 = 0x400;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use vm_protocol::facts::SETUP_MARK;

    use super::{DIFFERENCES, E820_START};

    const HEAD: &str = "\
# What kexec-tools and skexec pass to the next kernel

`cargo xtask test kexec-tools` loads the same kernel, initrd and command line once by `kexec -c -l` of Debian's kexec-tools and
once by `skexec load --method segments`, in one guest with a BIOS and in one with UEFI. The test captures both system calls at their
entry. boot_params are compared field by field, the memory map entry by entry, setup_data by type and content. They are
equal except for this table. A difference that is not in the table fails the test, and so does a row without a difference, except for
addresses. [causes.md](causes.md) compares what the two say when the kernel refuses.

| field of boot_params | why it differs |
| --- | --- |
";

    /// `BLESS=1 cargo test -p xtask` rewrites the page.
    #[test]
    fn the_page_lists_them_all() {
        let mut page = String::from(HEAD);
        for (field, why) in DIFFERENCES {
            writeln!(page, "| `{field}` | {why} |").expect("a string takes all");
        }
        writeln!(page, "| `e820_table` | kexec-tools leaves out RAM below {E820_START:#x}, where real mode keeps its interrupt table; skexec passes on the firmware's map, and the kernel reserves the first page |").expect("a string takes all");
        writeln!(page, "| `setup_data` of type {SETUP_MARK:#x} | skexec adds a mark, by which the next kernel shows who booted it ([next-boot.md](next-boot.md)) |").expect("a string takes all");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kexec-tools.md");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &page).expect("the page can be written");
        }
        assert!(fs::read_to_string(&path).unwrap_or_default() == page, "BLESS=1 cargo test -p xtask");
    }
}
