//! Who started the running kernel.

use crate::sources::Root;

/// The number of kexec among boot loaders (boot.rst, `type_of_loader`), which stands above four bits of a version.
const KEXEC: u32 = 0xd;

/// Whether the running kernel's boot loader was kexec; nothing on processors whose kernel does not show it.
#[must_use]
pub(crate) fn started_by_kexec(root: &Root) -> Option<bool> {
    let number = root.text("/proc/sys/kernel/bootloader_type")?.parse::<u32>().ok()?;
    Some(number >> 4 == KEXEC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_number_of_the_boot_loader_tells() {
        let tree = Tree::new();
        assert_eq!(started_by_kexec(tree.root()), None);
        // GRUB, kexec, kexec of another version, an EFI stub; what is no number.
        let rows = [("114", Some(false)), ("208", Some(true)), ("209", Some(true)), ("240", Some(false)), ("x", None)];
        for (text, wanted) in rows {
            tree.write("/proc/sys/kernel/bootloader_type", format!("{text}\n"));
            assert_eq!(started_by_kexec(tree.root()), wanted, "{text}");
        }
    }
}
