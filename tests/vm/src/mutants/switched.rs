//! Mutants that are tried without a build for each: all are in one build, each behind a switch, and a test that never comes to
//! a mutant's place is not asked about it.

mod build;
mod mutant_switch;
mod programs;
mod reach;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use self::build::Built;
pub(crate) use self::build::PACKAGE;
use self::programs::{Case, Programs};
use self::reach::Reach;
use super::known::End;
use super::modules::Module;
use super::run::Mutant;
use crate::cache::Cache;
use crate::report::Report;

/// What the first tests that are asked take together, at most; each further turn takes twice as long.
const FIRST_TURN: Duration = Duration::from_millis(300);
/// No further test is asked when those that were asked take so long together.
const ENOUGH: Duration = Duration::from_secs(45);

/// The tests, ready to be asked about mutants.
#[derive(Debug)]
pub(crate) struct Switched {
    programs: Programs,
    reach: Reach,
    /// What the build has shown: those that do not compile.
    ends: BTreeMap<usize, End>,
    left: Vec<usize>,
}

impl Switched {
    /// Builds `all`, and finds out which tests come to them. The place in `all` is a mutant's number.
    pub(crate) fn prepare(cache: &Cache, report: Report, all: &[Mutant]) -> Result<Self> {
        let built = report.step("build   all mutants behind switches", || Built::new(cache, all))?;
        let programs = Programs::list(&built)?;
        let reach = report.step("run     each test, and see what it reaches", || Reach::of(cache, &programs))?;
        Ok(Self { programs, reach, ends: built.unviable, left: built.left })
    }

    /// What becomes of a mutant of this module; `None` where it has no switch.
    pub(crate) fn attempt(&self, module: &Module, number: usize) -> Result<Option<End>> {
        if self.left.contains(&number) {
            return Ok(None);
        }
        if let Some(end) = self.ends.get(&number) {
            return Ok(Some(*end));
        }
        let cases = self.reach.to(number).into_iter();
        let ranked = cases.filter_map(|(case, time)| Some((self.rank(module, case)?, case, time)));
        for turn in turns(ranked.collect()) {
            if self.programs.notice(&turn, number)? {
                return Ok(Some(End::Caught));
            }
        }
        Ok(Some(End::Survived))
    }
}

impl Switched {
    /// The module's own tests, and the programs that are named for it, come before the library's other tests.
    fn rank(&self, module: &Module, case: &Case) -> Option<u8> {
        let program = self.programs.name(case.program);
        let [own, all] = module.tests;
        if all.programs.contains(&program) {
            Some(0)
        } else if program == PACKAGE {
            Some(u8::from(!own.names.iter().any(|name| case.name.contains(name))))
        } else {
            None
        }
    }
}

/// Those of the lower rank first, and of each rank the quick ones.
fn turns(mut cases: Vec<(u8, &Case, Duration)>) -> Vec<Vec<(&Case, Duration)>> {
    cases.sort_by_key(|(rank, _, time)| (*rank, *time));
    let mut turns: Vec<Vec<_>> = Vec::new();
    let (mut allowed, mut taken, mut sum) = (FIRST_TURN, Duration::ZERO, Duration::ZERO);
    for (_, case, time) in cases {
        if sum > ENOUGH {
            break;
        }
        sum += time;
        taken += time;
        match turns.last_mut() {
            Some(turn) if taken <= allowed => turn.push((case, time)),
            last => {
                if last.is_some() {
                    allowed *= 2;
                }
                taken = time;
                turns.push(vec![(case, time)]);
            }
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_tests_are_asked_first() {
        let case = |name: &str| Case { program: 0, name: name.to_owned() };
        let cases = ["a", "b", "c", "d", "e", "f", "g"].map(case);
        let times = [400, 100, 150, 200, 45_000, 50, 46_000].map(Duration::from_millis);
        let ranks = [0, 0, 0, 0, 1, 1, 1];
        let turns =
            turns(ranks.into_iter().zip(&cases).zip(times).map(|((rank, case), time)| (rank, case, time)).collect());
        let names: Vec<Vec<_>> =
            turns.iter().map(|turn| turn.iter().map(|(case, _)| case.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["b", "c"], vec!["d", "a"], vec!["f"], vec!["e"]]);
    }
}
