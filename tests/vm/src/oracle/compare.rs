//! Compares the answers in the guest with the record, the forge and the prediction.

use std::fmt;

use forge::verdicts::{Answer, REFERENCE, SERIES, Verdicts};
use forge::{Case, Expect};

use super::ask::{Opinion, Session};

/// The differences for one kernel.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) asked: usize,
    pub(crate) not_asked: usize,
    pub(crate) judged: usize,
    pub(crate) stricter: usize,
    /// Differences between the kernel and its record.
    pub(crate) from_record: Vec<String>,
    /// Differences between skexec's verdict and the forge's expectation, and trusted files that the kernel refuses.
    pub(crate) verdicts: Vec<String>,
    /// Differences between skexec's prediction and the kernel.
    pub(crate) predictions: Vec<String>,
}

/// The column of the record for a kernel; for a kernel of another series, the column of the reference.
pub(crate) fn column(release: &str) -> usize {
    SERIES.iter().position(|series| release.starts_with(&format!("{series}."))).unwrap_or(REFERENCE)
}

impl Comparison {
    pub(crate) fn of(cases: &[Case], session: &Session, record: &Verdicts) -> Self {
        let column = column(&session.boot.release);
        let mut comparison = Self::default();
        for case in cases {
            let answer = session.answers.get(&case.name).copied();
            match answer {
                Some(answer) => comparison.against_record(case, answer, record, column),
                None => comparison.not_asked += 1,
            }
            if let Some(opinion) = session.opinions.get(&case.name) {
                comparison.against_skexec(case, answer, opinion, column == REFERENCE);
            } else if !session.opinions.is_empty() {
                comparison.verdicts.push(format!("{}: skexec gave no verdict", case.name));
            }
        }
        comparison
    }

    fn against_record(&mut self, case: &Case, answer: Answer, record: &Verdicts, column: usize) {
        self.asked += 1;
        let name = &case.name;
        let Some(recorded) = record.of.get(name) else {
            return self.from_record.push(format!("{name}: {answer}, not recorded"));
        };
        if recorded.sha256 != case.sha256() {
            self.from_record.push(format!("{name}: the file differs from the recorded one"));
        }
        let before = recorded.answers[column];
        // The effect of a read out of bounds is random: the kernel crashes, or it continues to the errno that the forge states.
        let by_chance = case.hazard && (answer == Answer::Crash || answer.errno() == case.kernel);
        if answer != before && !by_chance {
            self.from_record.push(format!("{name}: {answer}, but {before} is recorded"));
        }
    }

    fn against_skexec(&mut self, case: &Case, answer: Option<Answer>, opinion: &Opinion, is_reference: bool) {
        self.judged += 1;
        let name = &case.name;
        let said = opinion.reason.as_deref();
        if !is_right(said, case) {
            self.verdicts.push(format!("{name}: skexec says {said:?}, not {:?}", case.skexec));
        }
        self.stricter += usize::from(said.is_some() && answer == Some(Answer::Errno(0)));
        // `verify` does not check whether another kernel lacks an algorithm or a curve.
        let Some(answer) = answer.filter(|_| is_reference) else { return };
        if said.is_none() && answer != Answer::Errno(0) {
            self.verdicts.push(format!("{name}: skexec trusts it, the kernel says {answer}"));
        }
        let foretold = match answer {
            Answer::Errno(errno) => opinion.predicted == Some(errno),
            Answer::Crash => opinion.hazard,
        };
        if !foretold {
            self.predictions.push(format!("{name}: {answer}, predicted {:?}", opinion.predicted));
        }
    }

    pub(crate) fn differences(&self) -> impl Iterator<Item = &String> {
        self.from_record.iter().chain(&self.verdicts).chain(&self.predictions)
    }
}

/// Whether skexec's verdict is the expected one. A guest without shim has no SbatLevelRT, so no generation is too low there.
fn is_right(said: Option<&str>, case: &Case) -> bool {
    match case.skexec {
        Expect::Reject("sbat") => said.is_none_or(|slug| slug == "sbat"),
        Expect::Reject(slug) => said == Some(slug),
        Expect::Accept | Expect::AcceptWarn => said.is_none(),
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, not_asked, judged, stricter, .. } = self;
        let differences = self.differences().count();
        write!(f, "{asked} cases asked, {not_asked} not; {judged} judged by skexec, stricter {stricter} times; ")?;
        write!(f, "{differences} differences")
    }
}

#[cfg(test)]
mod tests {
    use forge::verdicts::Verdict;

    use super::*;

    fn compared(release: &str, answer: Answer, opinion: &Opinion) -> Comparison {
        let case = forge::cases().swap_remove(0);
        let verdict = Verdict { sha256: case.sha256(), answers: [Answer::Errno(0); 2] };
        let record = Verdicts { of: [(case.name.clone(), verdict)].into(), ..Verdicts::default() };
        let mut session = Session::default();
        session.boot.release = release.into();
        session.answers.insert(case.name.clone(), answer);
        session.opinions.insert(case.name.clone(), opinion.clone());
        Comparison::of(&[case], &session, &record)
    }

    #[test]
    fn every_disagreement_is_a_difference() {
        let trusted = Opinion { predicted: Some(0), ..Opinion::default() };
        let right = compared("6.12.95", Answer::Errno(0), &trusted);
        assert_eq!((right.asked, right.judged, right.differences().count()), (1, 1, 0));
        let refused = Opinion { reason: Some("unsigned".into()), predicted: Some(61), hazard: false };
        let wrong = compared("6.12.95", Answer::Errno(0), &refused);
        assert_eq!((wrong.from_record.len(), wrong.verdicts.len(), wrong.predictions.len()), (0, 1, 1));
        let dead = compared("6.12.95", Answer::Crash, &trusted);
        assert_eq!((dead.from_record.len(), dead.verdicts.len(), dead.predictions.len()), (1, 1, 1));
    }

    #[test]
    fn another_series_is_held_to_its_own_record() {
        let trusted = Opinion { predicted: Some(0), ..Opinion::default() };
        let old = compared("6.1.0-56", Answer::Errno(65), &trusted);
        assert_eq!((old.from_record.len(), old.verdicts.len(), old.predictions.len()), (1, 0, 0));
        assert_eq!((column("6.1.0-56-cloud"), column("6.12.95"), column("7.2.1")), (0, 1, REFERENCE));
    }
}
