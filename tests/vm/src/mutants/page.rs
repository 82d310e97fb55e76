//! docs/mutants.md.

use std::collections::BTreeMap;

use super::All;
use super::known::{End, Known};
use super::modules::MODULES;
use super::reasons::REASONS;

const HEAD: &str = "\
# Mutants

`cargo xtask mutants` breaks the code in one place at a time: a comparison is turned round, a function answers something else, an operator
is another one. cargo-mutants says where. Then those of the module's tests run that come to this place, the quickest first, for about 45
seconds, and one of them has to fail. All mutants are in one build, each behind a switch, so that they need no build of their own; the few
that cannot have a switch (constants, the purgatory, functions that return `impl Trait`) are built one by one by cargo-mutants.

`--shard K/N` and `--file PART` try a part, and `--minutes N` ends a run in time; what was tried before is kept in tests/data/mutants.tsv
until its file changes. The command writes this page. It fails where a mutant survives for which
[reasons.rs](../tests/vm/src/mutants/reasons.rs) has no reason.

- *caught*: a test failed, or did not end.
- *unviable*: it does not compile.
- *survived*: no test noticed; listed below.
- *not tried*: nothing is known of them yet.
";

const NOTHING: &str = "Nothing was tried yet.\n";

/// A mutant's name without line and column, by which its reason is found.
fn key(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    let (file, what) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    format!("{file}:{what}")
}

fn reason(key: &str) -> Option<(usize, &'static str)> {
    REASONS.iter().find(|(name, ..)| *name == key).map(|(_, times, why)| (*times, *why))
}

/// How often mutants of each name survived.
fn survivors(all: &All, known: &Known) -> BTreeMap<String, usize> {
    let mut survivors = BTreeMap::new();
    for (_, mutant) in all.iter().filter(|(_, mutant)| known.end(mutant) == Some(End::Survived)) {
        *survivors.entry(key(&mutant.name)).or_insert(0) += 1;
    }
    survivors
}

/// Those without a reason, or of which more survived than the reason speaks of.
pub(crate) fn unexplained(all: &All, known: &Known) -> Vec<String> {
    let survivors = survivors(all, known).into_iter();
    let without = survivors.filter(|(key, found)| reason(key).is_none_or(|(times, _)| times < *found));
    without.map(|(key, found)| format!("{key} ({found})")).collect()
}

pub(crate) fn page(all: &All, known: &Known) -> String {
    if all.iter().all(|(_, mutant)| known.end(mutant).is_none()) {
        return format!("{HEAD}\n{NOTHING}");
    }
    let mut page = format!("{HEAD}\n{}", table(all, known));
    let survivors = survivors(all, known);
    if !survivors.is_empty() {
        page += "\n## Survivors\n\n| mutant | how many | why |\n| --- | ---: | --- |\n";
    }
    for (key, found) in survivors {
        let why = reason(&key).map_or("**none yet**", |(_, why)| why);
        page += &format!("| `{}` | {found} | {why} |\n", key.replace('|', "\\|"));
    }
    page
}

fn table(all: &All, known: &Known) -> String {
    let mut table = "| module | decides | mutants | tried | caught | unviable | survived | not tried |\n".to_owned();
    table += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for module in &MODULES {
        let own: Vec<_> = all.iter().filter(|(of, _)| of.name == module.name).map(|(_, one)| known.end(one)).collect();
        let count = |end| own.iter().filter(|own| **own == end).count();
        let (whole, unknown) = (own.len(), count(None));
        let [caught, unviable, survived] = [End::Caught, End::Unviable, End::Survived].map(|end| count(Some(end)));
        let (name, decides, tried) = (module.name, module.decides, whole - unknown);
        let share = (100 * tried).checked_div(whole).unwrap_or(0);
        table += &format!(
            "| {name} | {decides} | {whole} | {tried} ({share} %) | {caught} | {unviable} | {survived} | {unknown} |\n"
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::run::Mutant;
    use super::*;

    #[test]
    fn a_survivor_without_a_reason_is_named() {
        let names =
            ["src/trust/a.rs:1:2: replace x::y -> bool with true", "src/trust/a.rs:3:4: replace < with <= in x"];
        let all: All = names.iter().map(|name| (&MODULES[0], Mutant::new(name, "", ""))).collect();
        let mut known = Known::default();
        known.note(&all[0].1, End::Survived);
        known.note(&all[1].1, End::Caught);
        assert!(page(&all, &Known::default()).ends_with(NOTHING));
        assert_eq!(unexplained(&all, &known), ["src/trust/a.rs: replace x::y -> bool with true (1)"]);
        let page = page(&all, &known);
        assert!(page.contains("| trust | whose signatures count | 2 | 2 (100 %) | 1 | 0 | 1 | 0 |"), "{page}");
        assert!(page.contains("| `src/trust/a.rs: replace x::y -> bool with true` | 1 | **none yet** |"), "{page}");
        known.note(&all[0].1, End::Unviable);
        assert!(unexplained(&all, &known).is_empty());
    }

    #[test]
    fn each_reason_is_given_once() {
        for (index, (name, times, why)) in REASONS.iter().enumerate() {
            assert!(*times > 0 && why.len() > 10, "{name}");
            assert!(REASONS[..index].iter().all(|(other, ..)| other != name), "{name}");
        }
    }

    #[test]
    fn the_page_has_each_reason_and_no_survivor_without_one() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mutants.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page.starts_with(HEAD) && !page.contains("**none yet**"), "cargo xtask mutants --page-only");
        for (name, _, why) in REASONS {
            assert!(page.contains(&format!("| `{}` |", name.replace('|', "\\|"))) && page.contains(why), "{name}");
        }
    }
}
