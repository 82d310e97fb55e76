//! The machines that crash: each pair of values of any two columns occurs in at least one of them.

use crate::fetch::Series::{self, V6_1, V6_12};
use crate::lab::Firmware::{self, Bios, Uefi};

const FILE: &str = "file";
const SEGMENTS: &str = "segments";

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) kernel: Series,
    pub(crate) method: &'static str,
    pub(crate) firmware: Firmware,
    pub(crate) processors: u32,
    /// In MiB.
    pub(crate) memory: u64,
    /// One processor is turned off after the load.
    pub(crate) off: bool,
}

#[rustfmt::skip]
pub(crate) const ROWS: [Row; 8] = [
    // kernel, method, firmware, processors, MiB, one processor off
    row(V6_12, FILE, Bios, 1, 512, false),
    row(V6_1, SEGMENTS, Uefi, 1, 6144, false),
    row(V6_12, FILE, Uefi, 2, 6144, true),
    row(V6_1, SEGMENTS, Bios, 2, 512, false),
    row(V6_12, SEGMENTS, Uefi, 8, 512, false),
    row(V6_1, FILE, Uefi, 8, 512, true),
    // 6.12 rewrites the headers that skexec made, and 6.1 does not.
    row(V6_12, SEGMENTS, Bios, 8, 6144, true),
    row(V6_1, SEGMENTS, Bios, 8, 6144, true),
];

const fn row(kernel: Series, method: &'static str, firmware: Firmware, processors: u32, memory: u64, off: bool) -> Row {
    Row { kernel, method, firmware, processors, memory, off }
}

impl Row {
    /// The name contains all values, so that a filter can choose by any of them.
    pub(crate) fn name(&self) -> String {
        let Self { kernel, method, processors, memory, .. } = self;
        let firmware = format!("{:?}", self.firmware).to_lowercase();
        let off = if self.off { "-off" } else { "" };
        format!("dump-{kernel}-{method}-{firmware}-{processors}-{memory}{off}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenarios::pairs::pairs;

    fn values(row: &Row) -> [String; 6] {
        [
            row.kernel.to_string(),
            row.method.to_owned(),
            format!("{:?}", row.firmware),
            format!("{} processors", row.processors),
            format!("{} MiB", row.memory),
            format!("one off: {}", row.off),
        ]
    }

    #[test]
    fn each_pair_of_values_crashes() {
        let rows = ROWS.each_ref().map(values);
        let columns: Vec<Vec<_>> = (0..6)
            .map(|at| {
                let column: BTreeSet<_> = rows.iter().map(|row| row[at].clone()).collect();
                column.into_iter().collect()
            })
            .collect();
        let covered: BTreeSet<_> = rows.iter().flat_map(|row| pairs(&row.clone().map(|value| vec![value]))).collect();
        let missing: Vec<_> = pairs(&columns).into_iter().filter(|pair| !covered.contains(pair)).collect();
        // The only processor cannot be turned off.
        assert_eq!(missing, [("1 processors".to_owned(), "one off: true".to_owned())]);
    }
}
