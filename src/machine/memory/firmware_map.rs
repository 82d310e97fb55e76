//! /sys/firmware/memmap: the memory map that the firmware or the previous kernel gave to the running one, unchanged
//! (drivers/firmware/memmap.c; arch/x86/kernel/e820.c, `e820_table_firmware`).

use super::MapProblem;
use crate::memory::{MemoryEntry, MemoryType};
use crate::sources::Root;
use std::fs;

const FOLDER: &str = "/sys/firmware/memmap";
/// The maximum number of entries. A kernel holds 128, and three for each of 1024 nodes (`E820_MAX_ENTRIES`); memory hotplug adds
/// entries.
const MOST: usize = 1 << 14;

/// The entries in the order of their numbers; `None` where the kernel shows none (`CONFIG_FIRMWARE_MEMMAP`).
pub(super) fn read(root: &Root) -> Result<Option<Vec<MemoryEntry>>, MapProblem> {
    let Ok(folder) = fs::read_dir(root.path(FOLDER)) else { return Ok(None) };
    let mut numbers: Vec<u32> =
        folder.take(MOST).flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    if numbers.len() >= MOST {
        return Err(MapProblem::Unreadable);
    }
    numbers.sort_unstable();
    let entries: Option<Vec<_>> = numbers.into_iter().map(|number| entry(root, number)).collect();
    let entries = entries.ok_or(MapProblem::Unreadable)?;
    Ok((!entries.is_empty()).then_some(entries))
}

fn entry(root: &Root, number: u32) -> Option<MemoryEntry> {
    let text = |name| root.text(&format!("{FOLDER}/{number}/{name}"));
    let (first, last) = (address(&text("start")?)?, address(&text("end")?)?);
    // A range of unknown type may be anything, so the next kernel must not use it.
    let kind = MemoryType::of_name(text("type")?.trim()).unwrap_or(MemoryType::Reserved);
    Some(MemoryEntry { range: super::closed(first, last)?, kind })
}

/// `0x9fbff`.
fn address(text: &str) -> Option<u64> {
    let digits = text.trim().strip_prefix("0x")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    fn write(tree: &Tree, number: &str, start: &str, end: &str, kind: &str) {
        for (name, text) in [("start", start), ("end", end), ("type", kind)] {
            tree.write(&format!("{FOLDER}/{number}/{name}"), format!("{text}\n"));
        }
    }

    #[test]
    fn numbers_are_no_words() {
        let tree = Tree::new();
        assert_eq!(read(tree.root()), Ok(None));
        write(&tree, "10", "0x3000", "0x3fff", "Type of tomorrow");
        write(&tree, "9", "0x1000", "0x1fff", "System RAM");
        tree.write(&format!("{FOLDER}/uevent"), "");
        let entries = read(tree.root()).unwrap().unwrap();
        let seen: Vec<_> = entries.iter().map(|entry| (entry.range.to_string(), entry.kind)).collect();
        let wanted = [("0x1000-0x2000", MemoryType::Ram), ("0x3000-0x4000", MemoryType::Reserved)];
        assert_eq!(seen, wanted.map(|(range, kind)| (range.to_owned(), kind)));
    }

    #[test]
    fn half_an_entry_spoils_it() {
        let rows =
            [("0x1000", "0xfff"), ("1000", "0x1fff"), ("0x1000", ""), ("0x", "0x+1"), ("0x1", "0x11111111111111111")];
        for (start, end) in rows {
            let tree = Tree::new();
            write(&tree, "0", start, end, "System RAM");
            assert_eq!(read(tree.root()), Err(MapProblem::Unreadable), "{start} {end}");
        }
        let tree = Tree::new();
        tree.write(&format!("{FOLDER}/0/start"), "0x0\n");
        assert_eq!(read(tree.root()), Err(MapProblem::Unreadable));
    }
}
