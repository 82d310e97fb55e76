//! docs/coverage.md.

use std::collections::BTreeMap;

use super::lines::File;
use super::reasons::REASONS;

const HEAD: &str = "\
# Coverage: which lines the inputs of the fuzz targets reach

`cargo xtask coverage` replays the inputs of the fuzz targets with counters in the code (cargo-tarpaulin) and writes this page: their seeds,
mutated ones, and all that is kept under tests/data/fuzz (`cargo test --test corpora`). What libFuzzer found on its own comes on top. What is
not reached has other tests, in the crate and in guests: the last column says what it is.

";

/// Below this part of the lines, in percent, a module needs a reason.
const ENOUGH: u64 = 90;
/// So many files are listed.
const FILES: usize = 25;

/// The sums of the modules: the lines, and those that are reached.
fn modules(files: &[File]) -> BTreeMap<&str, (u64, u64)> {
    let mut modules: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for file in files {
        let (lines, reached) = modules.entry(module(&file.path)).or_default();
        *lines += file.lines;
        *reached += file.reached;
    }
    modules
}

/// `trust` for src/trust.rs and all below src/trust.
fn module(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap_or(path);
    path.split(['/', '.']).next().unwrap_or(path)
}

pub(crate) fn page(files: &[File]) -> String {
    let mut page = format!("{HEAD}| module | lines | reached | what is not reached |\n| --- | ---: | ---: | --- |\n");
    for (name, (lines, reached)) in modules(files) {
        let reason = reason(name).unwrap_or_default();
        page += &format!("| `{name}` | {lines} | {} % | {reason} |\n", percent(reached, lines));
    }
    let (lines, reached) = files.iter().fold((0, 0), |(l, r), file| (l + file.lines, r + file.reached));
    page + &format!("| all | {lines} | {} % | |\n", percent(reached, lines)) + &least_reached(files)
}

/// The files of modules that are reached for the most part.
fn least_reached(files: &[File]) -> String {
    let head = "\n## Files with the most lines that are not reached\n\nOf the modules that read foreign bytes: those of which half is reached.\n\n\
                | file | lines | not reached |\n| --- | ---: | ---: |\n";
    let modules = modules(files);
    let reads = |file: &&File| modules.get(module(&file.path)).is_some_and(|(lines, reached)| reached * 2 >= *lines);
    let mut most: Vec<_> =
        files.iter().filter(reads).map(|file| (file.lines.saturating_sub(file.reached), file)).collect();
    most.sort_by_key(|(missing, _)| std::cmp::Reverse(*missing));
    let rows =
        most.iter().take(FILES).map(|(missing, file)| format!("| {} | {} | {missing} |\n", file.path, file.lines));
    rows.fold(head.to_owned(), |page, row| page + &row)
}

/// Rounded down; all of nothing.
fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(100)
}

fn reason(module: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == module).map(|(_, reason)| *reason)
}

/// The modules that need a reason and have none.
pub(crate) fn unexplained(files: &[File]) -> Vec<String> {
    let missing = modules(files)
        .into_iter()
        .filter(|(name, (lines, reached))| percent(*reached, *lines) < ENOUGH && reason(name).is_none());
    missing.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{PAGE, RECORD, lines};
    use super::*;

    #[test]
    fn modules_are_summed() {
        let files =
            lines::read("src/a.rs\t10\t1\nsrc/a/b.rs\t10\t1\nsrc/c/d/e.rs\t1\t1\nsrc/f.rs\t3\t2\n").expect("files");
        let page = page(&files);
        for line in [
            "| `a` | 20 | 10 % |  |\n",
            "| `c` | 1 | 100 % |  |\n",
            "| all | 24 | 20 % | |\n",
            "| src/f.rs | 3 | 1 |\n| src/c/d/e.rs | 1 | 0 |\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
        assert_eq!(unexplained(&files), ["a", "f"]);
    }

    #[test]
    fn the_page_is_that_of_the_record() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = |name: &str| std::fs::read_to_string(root.join(name)).expect("a file of the repository");
        let files = lines::read(&text(RECORD)).expect("a record");
        assert!(!files.is_empty());
        assert_eq!(page(&files), text(PAGE), "cargo xtask coverage --page-only");
        assert_eq!(unexplained(&files), Vec::<String>::new());
    }
}
