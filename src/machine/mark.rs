//! What the previous kernel's skexec left for this one among the boot loader's data, where no program but skexec looks.

use crate::sources::Root;
use std::fs;

/// The type of the mark among `setup_data`: the letters `skex`. Linux ignores types that it does not know, keeps their memory, and
/// shows them in /sys/kernel/boot_params/setup_data (Documentation/ABI/testing/sysfs-kernel-boot_params).
pub(crate) const KIND: u32 = 0x736b_6578;

const FOLDER: &str = "/sys/kernel/boot_params/setup_data";

/// The most nodes that are looked at, and the longest mark.
const MOST: usize = 64;
const LONGEST: u64 = 64 << 10;

/// Whether the running kernel would show a mark.
pub(crate) fn is_shown(root: &Root) -> bool {
    root.has("/sys/kernel/boot_params/version")
}

/// The mark; nothing where there is none, or it cannot be read.
pub(crate) fn read(root: &Root) -> Option<Vec<u8>> {
    let nodes = fs::read_dir(root.path(FOLDER)).ok()?.take(MOST).flatten();
    let mut names = nodes.filter_map(|node| node.file_name().into_string().ok());
    let wanted = format!("{KIND:#x}");
    let name = names.find(|name| root.text(&format!("{FOLDER}/{name}/type")).is_some_and(|kind| kind == wanted))?;
    root.read(&format!("{FOLDER}/{name}/data"), LONGEST).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn it_is_found_among_other_nodes() {
        let tree = Tree::new();
        assert_eq!((read(tree.root()), is_shown(tree.root())), (None, false));
        tree.write("/sys/kernel/boot_params/version", "0x020f\n");
        tree.write(&format!("{FOLDER}/0/type"), "0x9\n");
        tree.write(&format!("{FOLDER}/0/data"), "seed");
        assert_eq!((read(tree.root()), is_shown(tree.root())), (None, true));
        tree.write(&format!("{FOLDER}/1/type"), "0x736b6578\n");
        assert_eq!(read(tree.root()), None);
        tree.write(&format!("{FOLDER}/1/data"), "mark");
        assert_eq!(read(tree.root()), Some(b"mark".to_vec()));
        tree.write(&format!("{FOLDER}/1/data"), vec![b' '; 65537]);
        assert_eq!(read(tree.root()), None);
    }
}
