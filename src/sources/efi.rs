//! EFI variables as efivarfs shows them, and shim's table of MOK variables.

use super::Root;
use super::root::{open_regular, present, read_rest};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

/// Vendor of `SecureBoot` and `SetupMode` (UEFI 3.3, EFI_GLOBAL_VARIABLE).
pub(crate) const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Vendor of `db` and `dbx` (UEFI 32.6.1, EFI_IMAGE_SECURITY_DATABASE).
pub(crate) const IMAGE_SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// Vendor of shim's variables.
pub(crate) const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";

/// Boot-service and runtime access, and not non-volatile: an operating system cannot make such a variable (UEFI 8.2).
const VOLATILE_RUNTIME: u32 = 0x2 | 0x4;

const EFIVARFS: &str = "/sys/firmware/efi/efivars";
const MOK_TABLE: &str = "/sys/firmware/efi/mok-variables";
/// The largest list that is read, in bytes; a dbx has some 20 KiB.
const MAX_VARIABLE: u64 = 4 << 20;

/// An EFI variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) attributes: u32,
    pub(crate) data: Vec<u8>,
}

impl Variable {
    /// Whether only a program that ran before the operating system can have created the variable.
    pub(crate) fn made_before_boot(&self) -> bool {
        self.attributes == VOLATILE_RUNTIME
    }
}

/// Whether this system was started by EFI, and whether its variables can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Efi {
    /// The kernel was not started by EFI firmware, or does not know it.
    Absent,
    /// What the kernel shows of its firmware cannot be seen: /sys is not mounted, or something else is mounted above its part.
    Hidden,
    /// EFI without variables: efivarfs is not mounted, or the kernel has no runtime services.
    NoVariables,
    /// EFI with variables.
    Present,
}

/// Whether there are variables to read. If the directory is empty, efivarfs is not mounted: firmware always has some variables.
pub(crate) fn state(root: &Root) -> Efi {
    if !root.has("/sys/firmware/efi") {
        return if shows_firmware(root) { Efi::Absent } else { Efi::Hidden };
    }
    match fs::read_dir(root.path(EFIVARFS)).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Efi::NoVariables,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Efi::NoVariables,
        // A directory that cannot be listed still lets known names be opened.
        Ok(false) | Err(_) => Efi::Present,
    }
}

/// Whether /sys/firmware is the kernel's own, which is always there (drivers/base/firmware.c, `firmware_init`). Containers hide it below
/// a mount.
fn shows_firmware(root: &Root) -> bool {
    let device = |path| fs::metadata(root.path(path)).map(|metadata| metadata.dev()).ok();
    device("/sys/firmware").is_some_and(|own| device("/sys") == Some(own))
}

/// A variable; `None` where the firmware has none of that name.
pub(crate) fn variable(root: &Root, name: &str, vendor: &str) -> io::Result<Option<Variable>> {
    let Some(bytes) = root.read(&format!("{EFIVARFS}/{name}-{vendor}"), MAX_VARIABLE)? else {
        return Ok(None);
    };
    parse(&bytes).map(Some)
}

/// efivarfs puts the attributes, 32 bits little-endian, before the data (Documentation/filesystems/efivarfs.rst).
fn parse(bytes: &[u8]) -> io::Result<Variable> {
    let (attributes, data) = bytes
        .split_first_chunk()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "shorter than its attributes"))?;
    Ok(Variable { attributes: u32::from_le_bytes(*attributes), data: data.to_vec() })
}

/// Reads an entry of shim's table of MOK variables. The table holds the whole list where the EFI variables of that name are split,
/// and SetVariable cannot change it. Only root may read it.
pub(crate) fn mok_table_entry(root: &Root, name: &str) -> io::Result<Option<Vec<u8>>> {
    let path = root.path(format!("{MOK_TABLE}/{name}"));
    present(open_regular(&path).and_then(|file| read_rest(&file, MAX_VARIABLE)))
}

/// The names of the variables in which shim stored a list: `MokListRT`, and `MokListRT1`, `MokListRT2`, … if shim split the list
/// because of the firmware's size limit (shim, mok.c). The numbers may have gaps, so the directory is listed.
pub(crate) fn split_names(root: &Root, name: &str) -> io::Result<Vec<String>> {
    let Some(entries) = present(fs::read_dir(root.path(EFIVARFS)))? else {
        return Ok(Vec::new());
    };
    let mut parts = Vec::new();
    for entry in entries {
        let file_name = entry?.file_name();
        if let Some(number) = file_name.to_str().and_then(|file| part_number(file, name)) {
            parts.push((number, number.map_or_else(|| name.to_owned(), |number| format!("{name}{number}"))));
        }
    }
    parts.sort();
    Ok(parts.into_iter().map(|(_, name)| name).collect())
}

/// `Some(None)` for the list itself, `Some(Some(n))` for its part `n`, `None` for another variable.
fn part_number(file: &str, name: &str) -> Option<Option<u32>> {
    let number = file.strip_suffix(SHIM)?.strip_suffix('-')?.strip_prefix(name)?;
    match number {
        "" => Some(None),
        // `+1` and `01` would parse as numbers, too; the variable would then be opened under another name.
        _ if number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0') => {
            number.parse().ok().map(Some)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;

    #[test]
    fn attributes_come_before_the_data() {
        let parsed = parse(&[6, 0, 0, 0, 9, 8]).unwrap();
        assert_eq!(parsed, Variable { attributes: 6, data: vec![9, 8] });
        assert!(parsed.made_before_boot());
        assert!(parse(&[6, 0, 0]).is_err());
        for attributes in [0, 2, 4, 7, 0x27, 0x16] {
            assert!(!Variable { attributes, data: Vec::new() }.made_before_boot(), "{attributes:#x}");
        }
    }

    #[test]
    fn a_mount_point_that_is_hidden_or_empty_shows_no_variables() {
        let tree = Tree::new();
        assert_eq!(state(tree.root()), Efi::Absent);
        fs::remove_dir(tree.root().path("/sys/firmware")).unwrap();
        assert_eq!(state(tree.root()), Efi::Hidden);
        // Another file system in its place, as a container has it.
        std::os::unix::fs::symlink("/proc", tree.root().path("/sys/firmware")).unwrap();
        assert_eq!(state(tree.root()), Efi::Hidden);
        fs::remove_file(tree.root().path("/sys/firmware")).unwrap();
        tree.directory("/sys/firmware/efi/efivars");
        assert_eq!(state(tree.root()), Efi::NoVariables);
        tree.write(&format!("{EFIVARFS}/SecureBoot-{GLOBAL}"), [6, 0, 0, 0, 1]);
        assert_eq!(state(tree.root()), Efi::Present);
        assert_eq!(variable(tree.root(), "SecureBoot", GLOBAL).unwrap().unwrap().data, [1]);
        assert!(variable(tree.root(), "dbx", IMAGE_SECURITY).unwrap().is_none());
    }

    #[test]
    fn parts_are_found_in_order_with_gaps() {
        let tree = Tree::new();
        for name in ["MokListXRT10", "MokListXRT2", "MokListXRT", "MokListXRT02", "MokListXRTz", "MokListRT"] {
            tree.write(&format!("{EFIVARFS}/{name}-{SHIM}"), [6, 0, 0, 0]);
        }
        assert_eq!(split_names(tree.root(), "MokListXRT").unwrap(), ["MokListXRT", "MokListXRT2", "MokListXRT10"]);
        assert_eq!(split_names(tree.root(), "MokListRT").unwrap(), ["MokListRT"]);
    }
}
