//! The odd machines: each pair of values of any two columns occurs in at least one of them.

use super::row::Line::{self, Foreign, Longer, Longest, Short};
use super::row::Memory::{self, High, Limited, Reserved, Whole};
use super::row::Method::{self, By, File};
use super::row::Missing::{self, La57, Nothing, ShaNi, Ssse3};
use super::row::Processors::{self, Eight, One, Plugged, Two};
use super::row::Row;
use crate::fetch::Series::{self, V6_1, V6_12};
use crate::lab::Firmware::{self, Bios, Uefi};
use crate::scenarios::layout::Layout::{Classic, Elided, Vmlinux};

const YES: bool = true;
const NO: bool = false;

#[rustfmt::skip]
pub(crate) const ROWS: [Row; 21] = [
    // first, second, method, firmware, memory, missing, processors, command line, nodes, huge pages, pmem, memory plugged in
    row(V6_12, V6_12, By(Vmlinux), Uefi, Whole, Ssse3, One, Longest, 2, YES, YES, NO),
    row(V6_1, V6_1, By(Elided), Bios, Reserved, Ssse3, Two, Foreign, 1, NO, NO, YES),
    row(V6_1, V6_12, File, Bios, Limited, La57, Eight, Short, 1, YES, YES, NO),
    row(V6_1, V6_12, File, Uefi, High, Nothing, Plugged, Foreign, 2, NO, NO, YES),
    row(V6_12, V6_1, By(Classic), Uefi, Reserved, ShaNi, Eight, Longer, 2, NO, NO, NO),
    row(V6_1, V6_1, By(Classic), Bios, High, ShaNi, One, Longest, 1, YES, YES, YES),
    row(V6_1, V6_1, By(Vmlinux), Bios, Whole, La57, Plugged, Longer, 1, NO, NO, YES),
    row(V6_12, V6_1, By(Elided), Uefi, Limited, Nothing, One, Short, 1, NO, NO, NO),
    row(V6_1, V6_12, By(Elided), Uefi, High, La57, Two, Longer, 2, YES, YES, NO),
    row(V6_12, V6_12, By(Classic), Bios, Whole, Nothing, Two, Short, 2, NO, YES, YES),
    row(V6_1, V6_12, By(Vmlinux), Uefi, Reserved, ShaNi, Plugged, Short, 1, YES, YES, NO),
    row(V6_1, V6_1, File, Bios, Reserved, Nothing, Eight, Longest, 2, YES, NO, YES),
    row(V6_1, V6_12, By(Vmlinux), Uefi, Limited, ShaNi, Two, Foreign, 2, YES, YES, NO),
    row(V6_1, V6_12, By(Elided), Bios, Limited, La57, Plugged, Longest, 2, NO, NO, NO),
    row(V6_1, V6_1, By(Vmlinux), Bios, High, Ssse3, Eight, Short, 1, NO, NO, YES),
    row(V6_1, V6_12, By(Elided), Uefi, Whole, ShaNi, Eight, Foreign, 2, NO, YES, YES),
    row(V6_1, V6_12, By(Classic), Uefi, Limited, Ssse3, Plugged, Longer, 1, YES, YES, NO),
    row(V6_12, V6_1, By(Classic), Uefi, Reserved, La57, One, Foreign, 2, YES, YES, YES),
    row(V6_12, V6_1, File, Uefi, Whole, ShaNi, Two, Longest, 2, YES, NO, YES),
    row(V6_1, V6_12, By(Vmlinux), Bios, Reserved, Nothing, One, Longer, 2, YES, YES, YES),
    row(V6_12, V6_12, File, Uefi, High, Ssse3, One, Foreign, 2, NO, YES, NO),
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above")]
const fn row(
    first: Series,
    second: Series,
    method: Method,
    firmware: Firmware,
    memory: Memory,
    missing: Missing,
    processors: Processors,
    line: Line,
    nodes: u32,
    huge_pages: bool,
    pmem: bool,
    memory_plugged: bool,
) -> Row {
    Row { first, second, method, firmware, memory, missing, processors, line, nodes, huge_pages, pmem, memory_plugged }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenarios::pairs::pairs;

    /// Pairs that cannot occur in a boot, with the reason.
    const EXCLUDED: [(&str, &str, &str); 3] = [
        (
            "first=6.12",
            "processors=Plugged",
            "that kernel takes none where it sees no hypervisor that it knows, as under TCG",
        ),
        ("method=file", "line=Longer", "the kernel reserves 30 bytes of the 2047: every row shows the refusal"),
        ("memory=Limited", "memory plugged in=true", "with mem= the kernel takes no memory beyond that address"),
    ];

    fn values(row: &Row) -> [String; 12] {
        [
            format!("first={}", row.first),
            format!("second={}", row.second),
            format!("method={}", row.method),
            format!("firmware={:?}", row.firmware),
            format!("memory={:?}", row.memory),
            format!("missing={:?}", row.missing),
            format!("processors={:?}", row.processors),
            format!("line={:?}", row.line),
            format!("nodes={}", row.nodes),
            format!("huge pages={}", row.huge_pages),
            format!("pmem={}", row.pmem),
            format!("memory plugged in={}", row.memory_plugged),
        ]
    }

    /// Every value that a column has in any row.
    fn columns() -> Vec<Vec<String>> {
        let rows = ROWS.each_ref().map(values);
        let column = |at: usize| rows.iter().map(|row| row[at].clone()).collect::<BTreeSet<_>>().into_iter().collect();
        (0..12).map(column).collect()
    }

    #[test]
    fn each_pair_of_values_is_booted_or_excluded_with_a_reason() {
        let rows = ROWS.each_ref().map(values);
        let covered: BTreeSet<_> = rows.iter().flat_map(|row| pairs(&row.clone().map(|value| vec![value]))).collect();
        for pair in pairs(&columns()) {
            let excluded = EXCLUDED.iter().any(|(a, b, _)| pair == ((*a).to_owned(), (*b).to_owned()));
            assert!(covered.contains(&pair) != excluded, "{pair:?}: excluded {excluded}");
        }
    }

    #[test]
    fn every_value_occurs_and_names_are_unique() {
        assert_eq!(columns().iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 4, 2, 4, 4, 4, 4, 2, 2, 2, 2]);
        let names: BTreeSet<_> = ROWS.iter().map(Row::name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
