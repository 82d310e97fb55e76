//! Whether the headers of a dump still name the processors and the memory that there are.

use super::{CPUS, notes};
use crate::hex;
use crate::machine::Memory;
use crate::sources::Root;
use sha2::{Digest as _, Sha256};

/// The folders of processors and of memory, each with a file that says whether the kernel itself rewrites the headers of the image that it
/// holds (`CONFIG_CRASH_HOTPLUG`, `crash_hotplug_cpu_support`).
const FOLDERS: [&str; 2] = [CPUS, "/sys/devices/system/memory"];

/// SHA-256 of what the headers name, in hexadecimal: the place of each processor's note, and the memory; nothing where that cannot be read.
/// A processor that is turned off keeps its note, memory that is only offline its range.
pub(crate) fn hardware(root: &Root, memory: &Memory) -> Option<String> {
    let notes = notes(root).ok()?;
    let mut hasher = Sha256::new();
    for range in notes.into_iter().map(Some).chain([None]).chain(memory.map.as_ref().ok()?.dumped.iter().map(Some)) {
        let ends = range.map_or([0; 2], |range| [range.start().get(), range.end().get()]);
        hasher.update(ends.map(u64::to_le_bytes).as_flattened());
    }
    Some(hex::encode(&hasher.finalize()))
}

/// Whether the running kernel rewrites the headers of the crash kernel that it holds at every change. Where it has no folder, there is
/// nothing that could change.
pub(crate) fn is_kept_up_to_date(root: &Root) -> bool {
    let mut folders = FOLDERS.into_iter().filter(|folder| root.has(folder));
    folders.all(|folder| root.text(&format!("{folder}/crash_hotplug")).as_deref() == Some("1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    const RAM: &str =
        "00001000-0009fbff : System RAM\n00100000-1fffffff : System RAM\n  10000000-13ffffff : Crash kernel\n";

    fn cpu(tree: &Tree, number: u32) {
        tree.write(&format!("{CPUS}/cpu{number}/crash_notes"), format!("{:x}\n", 0x1000 * (number + 1)));
        tree.write(&format!("{CPUS}/cpu{number}/crash_notes_size"), "376\n");
    }

    fn now(tree: &Tree) -> Option<String> {
        hardware(tree.root(), &Memory::read(tree.root()))
    }

    #[test]
    fn what_comes_or_goes_shows() {
        let tree = Tree::new();
        assert_eq!(now(&tree), None);
        cpu(&tree, 0);
        assert_eq!(now(&tree), None, "no memory map");
        tree.write("/proc/iomem", RAM);
        let first = now(&tree).unwrap();
        tree.write(&format!("{CPUS}/cpu0/online"), "0\n");
        tree.write("/proc/iomem", format!("{RAM}fed00000-fed003ff : HPET 0\n"));
        assert_eq!(now(&tree).unwrap(), first);
        cpu(&tree, 1);
        let second = now(&tree).unwrap();
        tree.write("/proc/iomem", format!("{RAM}100000000-107ffffff : System RAM\n"));
        let third = now(&tree).unwrap();
        std::fs::remove_dir_all(tree.root().path(format!("{CPUS}/cpu1"))).unwrap();
        tree.write("/proc/iomem", RAM);
        assert!(first != second && second != third && now(&tree).unwrap() == first);
    }

    #[test]
    fn the_kernel_says_whether_it_does_it_itself() {
        let [cpus, memory] = FOLDERS.map(|folder| format!("{folder}/crash_hotplug"));
        let tree = Tree::new();
        cpu(&tree, 0);
        assert!(!is_kept_up_to_date(tree.root()), "before 6.10");
        tree.write(&cpus, "1\n");
        assert!(is_kept_up_to_date(tree.root()), "memory cannot come or go");
        for (text, wanted) in [("0\n", false), ("1\n", true)] {
            tree.write(&memory, text);
            assert_eq!(is_kept_up_to_date(tree.root()), wanted, "{text}");
        }
        tree.write(&cpus, "0\n");
        assert!(!is_kept_up_to_date(tree.root()));
    }
}
