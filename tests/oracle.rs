//! The tables of docs/oracle.md, from the forge and the recorded answers. `BLESS=1 cargo test --test oracle` rewrites them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use forge::cases::{Case, Expect};
use forge::verdicts::{Answer, REFERENCE, SERIES, Verdicts, recorded};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The part of the page before this heading is written by hand.
const MARK: &str = "<!-- From here on: BLESS=1 cargo test --test oracle -->\n";

#[test]
fn the_page_tells_what_was_recorded() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/oracle.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (by_hand, _) = found.split_once(MARK).unwrap();
    let wanted = format!("{by_hand}{MARK}{}", tables());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    } else {
        assert!(found == wanted, "docs/oracle.md is out of date: BLESS=1 cargo test --test oracle");
    }
}

fn tables() -> String {
    let (cases, verdicts) = (forge::cases(), recorded());
    let mut page = String::new();
    counts(&mut page, &cases, &verdicts);
    crashes(&mut page, &cases, &verdicts);
    stricter(&mut page, &cases);
    differing(&mut page, &cases, &verdicts);
    firmware(&mut page, &cases);
    page
}

fn counts(page: &mut String, cases: &[Case], verdicts: &Verdicts) {
    let count = |answered: fn(Answer) -> bool, column: usize| {
        verdicts.of.values().filter(|verdict| answered(verdict.answers[column])).count()
    };
    writeln!(page, "\n## The record\n\n{} cases.\n", cases.len()).unwrap();
    writeln!(page, "| who | accepts | refuses | crashes |\n| --- | --- | --- | --- |").unwrap();
    for (column, who) in verdicts.kernels.iter().enumerate() {
        let loads = count(|answer| answer == Answer::Errno(0), column);
        let crashes = count(|answer| answer == Answer::Crash, column);
        writeln!(page, "| Linux {who} | {loads} | {} | {crashes} |", cases.len() - loads - crashes).unwrap();
    }
    let trusted = cases.iter().filter(|case| !matches!(case.skexec, Expect::Reject(_))).count();
    writeln!(page, "| skexec | {trusted} | {} | 0 |", cases.len() - trusted).unwrap();
}

fn crashes(page: &mut String, cases: &[Case], verdicts: &Verdicts) {
    writeln!(page, "\n## Hazards\n\nskexec refuses them whatever the options say.\n").unwrap();
    writeln!(page, "| case | Linux {} | Linux {} | what it is |\n| --- | --- | --- | --- |", SERIES[0], SERIES[1])
        .unwrap();
    for case in cases.iter().filter(|case| case.hazard) {
        let [old, new] = verdicts.of[&case.name].answers.map(told);
        writeln!(page, "| `{}` | {old} | {new} | {} |", case.name, case.about).unwrap();
    }
}

/// The reference kernel loads it, skexec does not.
fn stricter(page: &mut String, cases: &[Case]) {
    let mut by_slug: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.stricter) {
        if let Expect::Reject(slug) = case.skexec {
            by_slug.entry(slug).or_default().push(case);
        }
    }
    let count: usize = by_slug.values().map(Vec::len).sum();
    writeln!(page, "\n## Where skexec is stricter than Linux {}\n\n{count} cases, by slug.", SERIES[REFERENCE])
        .unwrap();
    writeln!(page, "\n| slug | case | what it is |\n| --- | --- | --- |").unwrap();
    for (slug, cases) in by_slug {
        for case in cases {
            writeln!(page, "| `{slug}` | `{}` | {} |", case.name, case.about).unwrap();
        }
    }
}

fn differing(page: &mut String, cases: &[Case], verdicts: &Verdicts) {
    let [old, new] = SERIES;
    let differ = |case: &&Case| {
        let [old, new] = verdicts.of[&case.name].answers;
        old != new && !case.hazard
    };
    let differing: Vec<_> = cases.iter().filter(differ).collect();
    writeln!(page, "\n## Where Linux {old} and {new} differ\n\n{} cases, hazards not counted.\n", differing.len())
        .unwrap();
    writeln!(page, "| case | {old} | {new} | skexec | what it is |\n| --- | --- | --- | --- | --- |").unwrap();
    for case in differing {
        let [old, new] = verdicts.of[&case.name].answers.map(told);
        let skexec = match case.skexec {
            Expect::Accept | Expect::AcceptWarn => "trusts".to_owned(),
            Expect::Reject(slug) => format!("`{slug}`"),
        };
        writeln!(page, "| `{}` | {old} | {new} | {skexec} | {} |", case.name, case.about).unwrap();
    }
}

fn firmware(page: &mut String, cases: &[Case]) {
    let (files, answers) = (forge::firmware::asked(), forge::firmware::recorded());
    let count = |refused: bool, loads: bool| {
        files.iter().filter(|file| file.refused == refused && answers[&file.name].loads == loads).count()
    };
    writeln!(page, "\n## What firmware loads\n\n{} files; hazards were not given to it.\n", files.len()).unwrap();
    writeln!(page, "| OVMF | skexec trusts | skexec refuses |\n| --- | --- | --- |").unwrap();
    for (what, loads) in [("loads", true), ("refuses", false)] {
        writeln!(page, "| {what} | {} | {} |", count(false, loads), count(true, loads)).unwrap();
    }
    let limits = forge::firmware::LIMITS;
    let count = limits.len();
    writeln!(page, "\nOVMF refuses {count} kernels that skexec and Linux 6.12 trust; why was not examined:\n").unwrap();
    writeln!(page, "| case | what it is |\n| --- | --- |").unwrap();
    for case in cases.iter().filter(|case| limits.contains(&case.name.as_str())) {
        writeln!(page, "| `{}` | {} |", case.name, case.about).unwrap();
    }
}

/// The name of the errno, if it has one.
fn told(answer: Answer) -> String {
    let name = match answer {
        Answer::Crash => "oops",
        Answer::Errno(0) => "OK",
        Answer::Errno(2) => "ENOENT",
        Answer::Errno(8) => "ENOEXEC",
        Answer::Errno(22) => "EINVAL",
        Answer::Errno(61) => "ENODATA",
        Answer::Errno(65) => "ENOPKG",
        Answer::Errno(74) => "EBADMSG",
        Answer::Errno(80) => "ELIBBAD",
        Answer::Errno(126) => "ENOKEY",
        Answer::Errno(129) => "EKEYREJECTED",
        Answer::Errno(other) => return other.to_string(),
    };
    name.to_owned()
}
