//! docs/coverage.md.

use std::collections::BTreeMap;

use super::reasons::REASONS;
use super::record::Row;

const HEAD: &str = "\
# Coverage: which lines the tests reach

`cargo xtask coverage` runs the tests with counters in the code (cargo-tarpaulin) and writes this page.

- *inputs*: the lines that the inputs of the fuzz targets reach: their seeds, mutated ones, and all that is kept under tests/data/fuzz
  (`cargo test --test corpora`). What libFuzzer found on its own comes on top.
- *tests*: the lines that the tests of the crate reach on this machine. What only a guest reaches counts as not reached.

";

/// Below this part of the lines, in percent, a module needs a reason.
const ENOUGH: u64 = 90;

/// The sums of the modules.
fn modules(rows: &[Row]) -> BTreeMap<&str, Row> {
    let mut modules: BTreeMap<&str, Row> = BTreeMap::new();
    for row in rows {
        let name = module(&row.path);
        let none = || Row { path: name.to_owned(), lines: 0, by_inputs: 0, by_all: 0 };
        let sum = modules.entry(name).or_insert_with(none);
        sum.lines += row.lines;
        sum.by_inputs += row.by_inputs;
        sum.by_all += row.by_all;
    }
    modules
}

/// `trust` for src/trust.rs and all below src/trust.
fn module(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap_or(path);
    path.split(['/', '.']).next().unwrap_or(path)
}

pub(crate) fn page(rows: &[Row]) -> String {
    let mut page = format!(
        "{HEAD}| module | lines | inputs | tests | what is not reached, and why |\n| --- | ---: | ---: | ---: | --- |\n"
    );
    for (name, sum) in modules(rows) {
        page += &line(&format!("`{name}`"), &sum, reason(name));
    }
    let sum = |number: fn(&Row) -> u64| rows.iter().map(number).sum();
    let all = Row {
        path: String::new(),
        lines: sum(|row| row.lines),
        by_inputs: sum(|row| row.by_inputs),
        by_all: sum(|row| row.by_all),
    };
    page + &line("all", &all, None) + &files(rows)
}

fn line(name: &str, row: &Row, reason: Option<&str>) -> String {
    let [inputs, tests] = [row.by_inputs, row.by_all].map(|reached| percent(reached, row.lines));
    format!("| {name} | {} | {inputs} % | {tests} % | {} |\n", row.lines, reason.unwrap_or_default())
}

/// The files of which the tests reach the least.
fn files(rows: &[Row]) -> String {
    let head = "\n## Files with the most lines that no test on this machine reaches\n\n| file | lines | not reached |\n| --- | ---: | ---: |\n";
    let mut most: Vec<_> = rows.iter().map(|row| (row.lines - row.by_all.min(row.lines), row)).collect();
    most.sort_by_key(|(missing, _)| std::cmp::Reverse(*missing));
    let lines = most.iter().take(20).map(|(missing, row)| format!("| {} | {} | {missing} |\n", row.path, row.lines));
    lines.fold(head.to_owned(), |page, line| page + &line)
}

/// Rounded down; all of nothing.
fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(100)
}

fn reason(module: &str) -> Option<&'static str> {
    REASONS.iter().find(|(name, _)| *name == module).map(|(_, reason)| *reason)
}

/// The modules that need a reason and have none.
pub(crate) fn unexplained(rows: &[Row]) -> Vec<String> {
    let needs = |sum: &Row| [sum.by_inputs, sum.by_all].into_iter().any(|reached| percent(reached, sum.lines) < ENOUGH);
    let missing = modules(rows).into_iter().filter(|(name, sum)| needs(sum) && reason(name).is_none());
    missing.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{PAGE, RECORD, record};
    use super::*;

    #[test]
    fn modules_are_summed() {
        let rows = record::read("src/a.rs\t10\t1\t9\nsrc/a/b.rs\t10\t1\t10\nsrc/c/d/e.rs\t1\t1\t1\n").expect("rows");
        let page = page(&rows);
        for line in
            ["| `a` | 20 | 10 % | 95 % |  |\n", "| `c` | 1 | 100 % | 100 % |  |\n", "| all | 21 | 14 % | 95 % |  |\n"]
        {
            assert!(page.contains(line), "{line}{page}");
        }
        assert_eq!(unexplained(&rows), ["a"]);
    }

    #[test]
    fn the_page_is_that_of_the_record() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = |name: &str| std::fs::read_to_string(root.join(name)).expect("a file of the repository");
        let rows = record::read(&text(RECORD)).expect("a record");
        assert_eq!(page(&rows), text(PAGE), "cargo xtask coverage --page-only");
        assert_eq!(unexplained(&rows), Vec::<String>::new());
    }
}
