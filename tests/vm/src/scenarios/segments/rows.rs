//! The boots by segments: each pair of values of any two columns occurs in at least one of them.

use super::row::Initrd::{Big, None, Small, Two};
use super::row::{Initrd, Outcome, Row};
use crate::fetch::Series::{self, V6_1, V6_12};
use crate::lab::Firmware::{self, Bios, Disk, SecureBoot, Uefi};
use crate::scenarios::layout::Layout::{self, Classic, Elided, Linked, Vmlinux};

const YES: bool = true;
const NO: bool = false;

const NO_ROOM: Outcome = Outcome::Refused { exit: 4, reasons: &["half-of-ram", "no-memory-hole"] };
const NOT_PERMITTED: Outcome = Outcome::Refused { exit: 5, reasons: &["segments-forbidden"] };

#[rustfmt::skip]
pub(crate) const ROWS: [Row; 19] = [
    // first, second, layout, firmware, initrd, MiB, five-level paging, SHA-NI
    ci(row(V6_1, V6_1, Vmlinux, Bios, Small, 2048, YES, YES)),
    ci(row(V6_12, V6_12, Vmlinux, Uefi, Small, 2048, YES, YES)),
    row(V6_12, V6_12, Vmlinux, Uefi, None, 2048, NO, NO),
    row(V6_12, V6_1, Vmlinux, Disk, Two, 512, NO, NO),
    row(V6_12, V6_12, Vmlinux, Bios, Big, 6144, YES, NO),
    ci(row(V6_1, V6_12, Elided, Bios, None, 512, YES, NO)),
    ci(row(V6_1, V6_12, Elided, Bios, Two, 6144, NO, YES)),
    row(V6_1, V6_1, Elided, Uefi, Big, 2048, NO, YES),
    row(V6_12, V6_1, Elided, Disk, Small, 512, YES, YES),
    ci(row(V6_12, V6_1, Classic, Uefi, Two, 512, NO, YES)),
    row(V6_1, V6_1, Classic, Disk, Big, 2048, NO, NO),
    row(V6_12, V6_12, Classic, Disk, None, 6144, NO, YES),
    row(V6_12, V6_12, Classic, Bios, Small, 6144, YES, YES),
    ci(row(V6_12, V6_12, Linked, Disk, Two, 2048, YES, YES)),
    row(V6_12, V6_1, Linked, Uefi, None, 6144, YES, NO),
    row(V6_1, V6_1, Linked, Disk, Small, 512, NO, NO),
    row(V6_12, V6_1, Linked, Bios, Big, 2048, YES, NO),
    ci(refused(row(V6_12, V6_12, Vmlinux, Bios, Big, 512, YES, YES), NO_ROOM)),
    ci(refused(row(V6_12, V6_12, Vmlinux, SecureBoot, Small, 2048, YES, YES), NOT_PERMITTED)),
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above")]
const fn row(
    first: Series,
    second: Series,
    layout: Layout,
    firmware: Firmware,
    initrd: Initrd,
    memory: u64,
    la57: bool,
    sha_ni: bool,
) -> Row {
    let (representative, outcome) = (false, Outcome::Boots);
    Row { first, second, layout, firmware, initrd, memory, la57, sha_ni, representative, outcome }
}

const fn ci(row: Row) -> Row {
    Row { representative: true, ..row }
}

const fn refused(row: Row, outcome: Outcome) -> Row {
    Row { outcome, ..row }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenarios::pairs::pairs;

    /// Pairs that cannot occur in a boot, with the reason.
    const EXCLUDED: [(&str, &str, &str); 1] =
        [("initrd=Big", "memory=512", "220 MiB and a kernel are more than half of 512 MiB: a row shows the refusal")];

    fn columns() -> Vec<Vec<String>> {
        let column = |name: &str, values: &[String]| values.iter().map(|value| format!("{name}={value}")).collect();
        let series = [V6_1, V6_12].map(|series| series.to_string());
        let flags = [YES, NO].map(|flag| flag.to_string());
        vec![
            column("first", &series),
            column("second", &series),
            column("layout", &[Vmlinux, Elided, Classic, Linked].map(|layout| layout.to_string())),
            column("firmware", &[Bios, Disk, Uefi].map(|firmware| format!("{firmware:?}"))),
            column("initrd", &[None, Small, Two, Big].map(|initrd| format!("{initrd:?}"))),
            column("memory", &[512, 2048, 6144].map(|memory| memory.to_string())),
            column("la57", &flags),
            column("sha_ni", &flags),
        ]
    }

    fn values(row: &Row) -> [String; 8] {
        [
            format!("first={}", row.first),
            format!("second={}", row.second),
            format!("layout={}", row.layout),
            format!("firmware={:?}", row.firmware),
            format!("initrd={:?}", row.initrd),
            format!("memory={}", row.memory),
            format!("la57={}", row.la57),
            format!("sha_ni={}", row.sha_ni),
        ]
    }

    fn covered(rows: &[Row]) -> BTreeSet<(String, String)> {
        let boots = rows.iter().filter(|row| row.outcome == Outcome::Boots).map(values);
        boots.flat_map(|values| pairs(&values.map(|value| vec![value]))).collect()
    }

    #[test]
    fn each_pair_of_values_is_booted_or_excluded_with_a_reason() {
        let covered = covered(&ROWS);
        for pair in pairs(&columns()) {
            let excluded = EXCLUDED.iter().any(|(a, b, _)| pair == ((*a).to_owned(), (*b).to_owned()));
            assert!(covered.contains(&pair) != excluded, "{pair:?}: excluded {excluded}");
        }
    }

    #[test]
    fn names_are_unique_and_six_boots_are_representative() {
        let names: BTreeSet<_> = ROWS.iter().map(Row::name).collect();
        assert_eq!(names.len(), ROWS.len());
        let representative = ROWS.iter().filter(|row| row.representative);
        assert_eq!(representative.filter(|row| row.outcome == Outcome::Boots).count(), 6);
    }
}
