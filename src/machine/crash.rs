//! What a dump of the running kernel needs: where each processor leaves its registers, where vmcoreinfo is, and which virtual
//! addresses the kernel has for its memory.

mod hardware;
mod kcore;

use super::Release;
use super::kexec::{CRASH_HEADERS, either};
use crate::memory::{PhysAddr, PhysRange};
use crate::reason::{Finding, Reason};
use crate::sources::Root;
pub(crate) use hardware::{hardware, is_kept_up_to_date};
pub use kcore::Kcore;
use std::fs;

const CPUS: &str = "/sys/devices/system/cpu";
const VMCOREINFO: &str = "/sys/kernel/vmcoreinfo";
/// More processors than any kernel is built for (`NR_CPUS`).
const MOST_CPUS: usize = 8192;

/// The facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashFacts {
    /// Where each processor that the kernel knows writes a note at a crash, running now or not.
    pub notes: Vec<PhysRange>,
    /// The note about the kernel's own structures.
    pub vmcoreinfo: PhysRange,
    /// The kernel's virtual addresses.
    pub kcore: Kcore,
    /// Bytes for the headers, where the kernel can rewrite those of a `kexec_load` when processors or memory come and go.
    pub header_bytes: Option<u64>,
}

impl CrashFacts {
    /// Reads them below `root`.
    ///
    /// # Errors
    /// `crash-facts`.
    pub fn read(root: &Root, release: &Release) -> Result<Self, Finding> {
        Ok(Self {
            notes: notes(root)?,
            vmcoreinfo: root.text(VMCOREINFO).and_then(|text| vmcoreinfo(&text)).ok_or_else(|| unknown(VMCOREINFO))?,
            kcore: Kcore::read(root).ok_or_else(|| unknown(kcore::PATH))?,
            header_bytes: either(root, CRASH_HEADERS)
                .filter(|_| release.has_crash_hotplug())
                .and_then(|text| text.parse().ok()),
        })
    }
}

fn unknown(path: &str) -> Finding {
    Finding::new(Reason::CrashFacts, path)
}

/// The notes, in the order of the processors' numbers.
fn notes(root: &Root) -> Result<Vec<PhysRange>, Finding> {
    let folder = fs::read_dir(root.path(CPUS)).map_err(|_| unknown(CPUS))?;
    let number = |name: &str| name.strip_prefix("cpu")?.parse::<u32>().ok();
    let names = folder.flatten().filter_map(|entry| number(entry.file_name().to_str()?));
    let mut numbers: Vec<_> = names.take(MOST_CPUS).collect();
    numbers.sort_unstable();
    let note = |number: &u32| {
        let path = format!("{CPUS}/cpu{number}/crash_notes");
        let size = root.text(&format!("{path}_size"));
        root.text(&path).zip(size).and_then(|(at, size)| place(&at, &size)).ok_or_else(|| unknown(&path))
    };
    let notes: Vec<_> = numbers.iter().map(note).collect::<Result<_, _>>()?;
    if notes.is_empty() { Err(unknown(CPUS)) } else { Ok(notes) }
}

/// `3fc51a00` and `376`: a physical address without 0x, and a length in decimal (drivers/base/cpu.c).
fn place(at: &str, size: &str) -> Option<PhysRange> {
    range(u64::from_str_radix(at, 16).ok()?, size.parse().ok()?)
}

/// `0x0000000003e1c000 1000`: both in hexadecimal, the second without 0x (kernel/ksysfs.c).
fn vmcoreinfo(text: &str) -> Option<PhysRange> {
    let (at, size) = text.split_once(' ')?;
    range(u64::from_str_radix(at.strip_prefix("0x")?, 16).ok()?, u64::from_str_radix(size, 16).ok()?)
}

/// Nothing where every digit is hidden, and reads as zero.
fn range(at: u64, size: u64) -> Option<PhysRange> {
    PhysRange::of_length(PhysAddr::new(at), size).filter(|range| range.start() != PhysAddr::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    fn tree() -> Tree {
        let tree = Tree::new();
        for (number, at) in [(0, "3fc51a00"), (2, "1a00"), (10, "bfc51a00")] {
            tree.write(&format!("{CPUS}/cpu{number}/crash_notes"), format!("{at}\n"));
            tree.write(&format!("{CPUS}/cpu{number}/crash_notes_size"), "376\n");
        }
        tree.write(&format!("{CPUS}/cpufreq/boost"), "1\n");
        tree.write(&format!("{CPUS}/online"), "0,2\n");
        tree.write(VMCOREINFO, "0x0000000003e1c000 1000\n");
        tree.write(kcore::PATH, kcore::example());
        tree
    }

    fn read(tree: &Tree, release: &str) -> Result<CrashFacts, Finding> {
        CrashFacts::read(tree.root(), &Release::parse(release))
    }

    #[test]
    fn a_processor_that_is_off_has_a_note_too() {
        let facts = read(&tree(), "6.12.0").unwrap();
        let seen: Vec<_> = facts.notes.iter().map(|range| (range.start().get(), range.len())).collect();
        assert_eq!(seen, [(0x3fc5_1a00, 376), (0x1a00, 376), (0xbfc5_1a00, 376)]);
        assert_eq!(facts.vmcoreinfo, PhysRange::of_length(PhysAddr::new(0x3e1_c000), 0x1000).unwrap());
        assert_eq!(facts.header_bytes, None);
        let tree = tree();
        let [new, old] = CRASH_HEADERS;
        tree.write(old, "475136\n");
        assert_eq!(read(&tree, "6.12.0").unwrap().header_bytes, Some(475_136));
        assert_eq!(read(&tree, "6.9.12").unwrap().header_bytes, None, "it has the file, but not the flag");
        tree.write(new, "475137\n");
        assert_eq!(read(&tree, "7.0.0").unwrap().header_bytes, Some(475_137), "the new place goes before the old one");
    }

    #[test]
    fn what_is_missing_is_named() {
        let rows = [
            ("/sys/devices/system/cpu/cpu2/crash_notes", "0\n"),
            ("/sys/devices/system/cpu/cpu2/crash_notes", "x\n"),
            ("/sys/devices/system/cpu/cpu7/crash_notes", "1000\n"),
            (VMCOREINFO, "3e1c000 1000\n"),
            (VMCOREINFO, "0x3e1c000\n"),
            (VMCOREINFO, "0x3e1c000 0\n"),
            (VMCOREINFO, "0x0 1000\n"),
            (kcore::PATH, "no ELF"),
        ];
        for (path, text) in rows {
            let tree = tree();
            tree.write(path, text);
            let refused = read(&tree, "6.12.0").unwrap_err();
            assert_eq!((refused.reason, refused.detail.as_str()), (Reason::CrashFacts, path), "{text}");
        }
        assert_eq!(read(&Tree::new(), "6.12.0").unwrap_err().detail, CPUS);
    }
}
