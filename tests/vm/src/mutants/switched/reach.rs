//! Which tests come to the place of a mutant, and how long each takes.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::programs::{Case, Programs};
use crate::cache::Cache;

/// A test that takes longer where nothing is broken is not asked.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub(super) struct Reach {
    cases: Vec<(Case, Duration)>,
    /// By the mutant's number: the tests, as places in `cases`.
    tests: BTreeMap<usize, Vec<usize>>,
}

impl Reach {
    /// Runs each test alone.
    pub(super) fn of(cache: &Cache, programs: &Programs) -> Result<Self> {
        let mut reach = Self::default();
        let notes = cache.path("mutants/reach");
        for case in &programs.cases {
            let _ = fs::remove_file(&notes);
            let start = Instant::now();
            if programs.succeeds(case.program, &[&case.name], ("SKEXEC_MUTANT_REACH", &notes), LIMIT)? {
                let noted = fs::read_to_string(&notes).unwrap_or_default();
                reach.note(case, start.elapsed(), &noted);
            } else {
                println!("{} fails, or takes too long, where nothing is broken; it is not asked", case.name);
            }
        }
        Ok(reach)
    }

    fn note(&mut self, case: &Case, time: Duration, noted: &str) {
        for number in noted.lines().filter_map(|line| line.parse().ok()) {
            let tests = self.tests.entry(number).or_default();
            // Two processes of one test may both note it.
            if tests.last() != Some(&self.cases.len()) {
                tests.push(self.cases.len());
            }
        }
        self.cases.push((case.clone(), time));
    }

    /// The tests that come to this mutant.
    pub(super) fn to(&self, number: usize) -> Vec<(&Case, Duration)> {
        let tests = self.tests.get(&number).into_iter().flatten();
        tests.filter_map(|test| self.cases.get(*test)).map(|(case, time)| (case, *time)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reaches_a_mutant_is_known() {
        let case = |name: &str| Case { program: 0, name: name.to_owned() };
        let mut reach = Reach::default();
        reach.note(&case("a"), Duration::from_secs(1), "3\n5\n3\n");
        reach.note(&case("b"), Duration::from_secs(2), "5\n");
        let names = |number| reach.to(number).iter().map(|(case, _)| case.name.clone()).collect::<Vec<_>>();
        assert_eq!([3, 5, 4].map(names), [vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()], vec![]]);
    }
}
