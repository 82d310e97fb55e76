//! tests/data/coverage.tsv: a line for each file.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::lines::File;

/// How many of a file's lines are code, and how many of these are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Below the repository.
    pub(crate) path: String,
    pub(crate) lines: u64,
    /// By the inputs of the fuzz targets.
    pub(crate) by_inputs: u64,
    /// By all tests.
    pub(crate) by_all: u64,
}

/// What was counted by both.
pub(crate) fn rows(inputs: &[File], all: Vec<File>) -> Vec<Row> {
    let inputs: BTreeMap<_, _> = inputs.iter().map(|file| (file.path.as_str(), file.reached)).collect();
    let row = |file: File| {
        let by_inputs = inputs.get(file.path.as_str()).copied().unwrap_or(0);
        Row { path: file.path, lines: file.lines, by_inputs, by_all: file.reached }
    };
    all.into_iter().map(row).collect()
}

pub(crate) fn write(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{}\t{}\t{}\t{}\n", row.path, row.lines, row.by_inputs, row.by_all);
    rows.iter().map(line).collect()
}

/// # Errors
/// A line that is none.
pub(crate) fn read(text: &str) -> Result<Vec<Row>> {
    text.lines().map(|line| parse(line).with_context(|| format!("no file: {line}"))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let path = fields.next()?.to_owned();
    let mut number = || fields.next()?.parse().ok();
    Some(Row { path, lines: number()?, by_inputs: number()?, by_all: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let file = |path: &str, reached| File { path: path.into(), reached, lines: 9 };
        let rows = rows(&[file("src/a.rs", 3)], vec![file("src/a.rs", 8), file("src/b.rs", 9)]);
        assert_eq!(write(&rows), "src/a.rs\t9\t3\t8\nsrc/b.rs\t9\t0\t9\n");
        assert_eq!(read(&write(&rows)).expect("rows"), rows);
        assert!(read("src/a.rs\t1\t2\n").is_err());
    }
}
