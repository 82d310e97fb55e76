//! The crash kernel: what is reserved for it, and whether it is loaded.

use super::section::{Mark, Row};
use super::slot::SlotStatus;
use crate::sources::Root;

/// Where /proc/iomem shows the reservations, as `0x2b000000-0x3affffff`; nothing where the addresses are hidden.
pub(super) fn places(root: &Root) -> Vec<String> {
    let iomem = root.text("/proc/iomem").unwrap_or_default();
    let ranges = iomem.lines().filter_map(|line| line.trim().strip_suffix(" : Crash kernel"));
    let ends = ranges.filter_map(|range| {
        let (first, last) = range.split_once('-')?;
        let [first, last] = [first, last].map(|end| u64::from_str_radix(end, 16));
        Some((first.ok()?, last.ok()?))
    });
    ends.filter(|(_, last)| *last != 0).map(|(first, last)| format!("{first:#x}-{last:#x}")).collect()
}

pub(super) fn rows(bytes: Option<u64>, places: &[String], slot: &SlotStatus, root: &Root) -> Vec<Row> {
    let mut rows = vec![Row::plain("reserved", reserved(bytes, places))];
    rows.extend(match (bytes, slot.loaded) {
        (Some(1..), Some(false)) => vec![Row::advise(
            Mark::Notice,
            "loaded",
            "nothing: after a crash, no kernel would save a dump",
            "load one with skexec load --panic, or start the service that does",
        )],
        (_, Some(true)) => slot.rows(root).into_iter().map(loaded).collect(),
        (_, Some(false)) => vec![Row::plain("loaded", "nothing")],
        (_, None) => vec![Row::plain("loaded", "unknown")],
    });
    rows
}

/// Whoever loads the crash kernel, often another program than skexec: no command of skexec boots it, so that nothing is to be done.
fn loaded(row: Row) -> Row {
    if row.key == "loaded" { Row::of(row.key, row.values) } else { row }
}

fn reserved(bytes: Option<u64>, places: &[String]) -> String {
    match (bytes, places) {
        (Some(0), _) => "nothing: the running kernel was booted without crashkernel=".into(),
        (Some(bytes), []) => format!("{} MiB (crashkernel=)", bytes >> 20),
        (Some(bytes), places) => format!("{} MiB (crashkernel=) at {}", bytes >> 20, places.join(", ")),
        (None, []) => "unknown: the running kernel does not say".into(),
        (None, places) => format!("at {}", places.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn the_reservations_are_found_unless_they_are_hidden() {
        let rows = [
            ("00100000-3fffffff : System RAM\n  2b000000-3affffff : Crash kernel\n", &["0x2b000000-0x3affffff"][..]),
            ("00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n", &[]),
            ("1-2 : Crash kernel\nx-y : Crash kernel\n3-4 : Crash kernel", &["0x1-0x2", "0x3-0x4"]),
            ("", &[]),
        ];
        for (iomem, wanted) in rows {
            let tree = Tree::new();
            tree.write("/proc/iomem", iomem);
            assert_eq!(places(tree.root()), wanted, "{iomem}");
        }
    }
}
