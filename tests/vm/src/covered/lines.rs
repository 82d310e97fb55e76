//! How many lines of each file are reached: in cargo-tarpaulin's report, and in tests/data/coverage.tsv.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// How many of a file's lines are code, and how many of these are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Below the repository.
    pub(crate) path: String,
    pub(crate) lines: u64,
    pub(crate) reached: u64,
}

#[derive(Debug, Deserialize)]
struct Report {
    files: Vec<Counted>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    /// Its parts, from `/` on.
    path: Vec<String>,
    covered: u64,
    coverable: u64,
}

/// The files of the loader that have code, in order.
pub(crate) fn of_report(report: &str, workspace: &Path) -> Result<Vec<File>> {
    let report: Report = serde_json::from_str(report)?;
    let mut files: Vec<_> = report.files.into_iter().filter_map(|counted| file(counted, workspace)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn file(counted: Counted, workspace: &Path) -> Option<File> {
    let path: PathBuf = counted.path.iter().collect();
    let path = path.strip_prefix(workspace).ok()?.to_str()?.to_owned();
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/") || path.ends_with("/testing.rs");
    let counts = path.starts_with("src/") && !is_test && counted.coverable > 0;
    counts.then_some(File { path, lines: counted.coverable, reached: counted.covered })
}

pub(crate) fn write(files: &[File]) -> String {
    files.iter().map(|file| format!("{}\t{}\t{}\n", file.path, file.lines, file.reached)).collect()
}

/// # Errors
/// A line that is none of a file.
pub(crate) fn read(text: &str) -> Result<Vec<File>> {
    text.lines().map(|line| parse(line).with_context(|| format!("no file: {line}"))).collect()
}

fn parse(line: &str) -> Option<File> {
    let mut fields = line.split('\t');
    let path = fields.next()?.to_owned();
    let mut number = || fields.next()?.parse().ok();
    Some(File { path, lines: number()?, reached: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_own_files_count() {
        let report = r#"{"files":[
            {"path":["/","w","src","trust","der.rs"],"content":"","traces":[],"covered":3,"coverable":4},
            {"path":["/","w","src","trust","tests.rs"],"content":"","traces":[],"covered":9,"coverable":9},
            {"path":["/","w","src","empty.rs"],"content":"","traces":[],"covered":0,"coverable":0},
            {"path":["/","w","tests","vm","src","main.rs"],"content":"","traces":[],"covered":1,"coverable":1},
            {"path":["/","w","src","hex.rs"],"content":"","traces":[],"covered":2,"coverable":2}]}"#;
        let files = of_report(report, Path::new("/w")).expect("a report");
        assert_eq!(write(&files), "src/hex.rs\t2\t2\nsrc/trust/der.rs\t4\t3\n");
        assert_eq!(read(&write(&files)).expect("files"), files);
        assert!(read("src/a.rs\t1\n").is_err());
    }
}
