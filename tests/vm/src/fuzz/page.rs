//! docs/fuzzing.md.

use super::record::Run;

const HEAD: &str = "\
# Fuzzing: what was run

`cargo xtask fuzz [TARGET]... [--seconds N]` builds the targets of tests/fuzz with cargo-fuzz and a nightly compiler, runs each with libFuzzer,
adds each run to tests/fuzz/runs.tsv and writes this page, which has the sum of all runs. [The page of the
targets](../tests/fuzz/README.md) says what each reads, which property must hold, and what was found.

- *build*: `address` has AddressSanitizer; `plain` has none, and no coverage of big numbers and hashes. Four
  early runs had neither cargo-fuzz's flags nor coverage of all crates (`other`). The edges of different builds cannot be compared.
- *edges*: how much of the code was seen, at most, in one run of the build that is named, which is that of the last run.
- *finds*: runs that ended early, since an input broke its property. Each is mended, and its input is kept in tests/data/fuzz.

";

/// Each target with the sum of its runs, and all together.
pub(crate) fn page(targets: &[String], runs: &[Run]) -> String {
    let mut page = format!("{HEAD}| target | build | runs | seconds | executions | edges | finds |\n");
    page += "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n";
    for target in targets {
        let own: Vec<_> = runs.iter().filter(|run| run.target == *target).collect();
        let build = own.last().map_or("not run yet", |run| &run.build);
        let edges = own.iter().filter(|run| run.build == *build).map(|run| run.edges).max().unwrap_or(0);
        page += &row(&format!("`{target}`"), build, &own, &grouped(edges));
    }
    page + &row("all", "", &runs.iter().collect::<Vec<_>>(), "")
}

fn row(name: &str, build: &str, runs: &[&Run], edges: &str) -> String {
    let sum = |number: fn(&Run) -> u64| grouped(runs.iter().map(|run| number(run)).sum());
    let (seconds, executions, finds) = (sum(|run| run.seconds), sum(|run| run.executions), sum(|run| run.finds));
    format!("| {name} | {build} | {} | {seconds} | {executions} | {edges} | {finds} |\n", runs.len())
}

/// 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let commas = |(index, digit): (usize, char)| {
        let before = index > 0 && (digits.len() - index).is_multiple_of(3);
        before.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(commas).collect()
}

#[cfg(test)]
mod tests {
    use super::super::record;
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn runs_are_added_up() {
        let runs =
            record::read("a\taddress\t60\t1000\t17\t0\nb\tplain\t9\t5\t3\t1\na\taddress\t60\t1500\t19\t0\n").unwrap();
        let page = page(&["a", "b", "c"].map(str::to_owned), &runs);
        for row in [
            "| `a` | address | 2 | 120 | 2,500 | 19 | 0 |\n",
            "| `b` | plain | 1 | 9 | 5 | 3 | 1 |\n",
            "| `c` | not run yet | 0 | 0 | 0 | 0 | 0 |\n",
            "| all |  | 3 | 129 | 2,505 |  | 1 |\n",
        ] {
            assert!(page.contains(row), "{row}{page}");
        }
    }

    #[test]
    fn the_page_is_that_of_the_record() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        let runs = record::read(&text(super::super::RECORD)).unwrap();
        let own = text(super::super::PAGE);
        let there = std::fs::read_dir(root.join("tests/fuzz/targets")).unwrap().count();
        let targets: Vec<_> =
            own.split("| `").skip(1).filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect();
        assert_eq!(targets.len(), there, "cargo xtask fuzz --page-only");
        assert_eq!(page(&targets, &runs), own, "cargo xtask fuzz --page-only");
    }
}
