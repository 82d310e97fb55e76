//! `--record`: stores the kernels' answers for `cargo test`.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context, Result, anyhow, bail, ensure};
use forge::Case;
use forge::verdicts::{Answer, PATH, SERIES, Verdict, Verdicts};

use super::ask::Session;
use super::compare::column;
use crate::fetch::Kernel;

/// Reads the record; a missing file is an empty record.
pub(crate) fn read() -> Result<Verdicts> {
    match fs::read_to_string(PATH) {
        Ok(text) => Verdicts::parse(&text).map_err(|what| anyhow!(what)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Verdicts::default()),
        Err(error) => Err(error).context(PATH),
    }
}

/// A record under construction: an answer may be missing.
#[derive(Debug)]
pub(super) struct Recording {
    kernels: [String; 2],
    answers: BTreeMap<String, [Option<Answer>; 2]>,
}

impl Recording {
    /// Starts with the recorded answers to the present files.
    pub(super) fn over(before: &Verdicts, cases: &[Case]) -> Self {
        let known = |case: &Case| before.of.get(&case.name).filter(|verdict| verdict.sha256 == case.sha256());
        let answers = |case: &Case| known(case).map_or([None; 2], |verdict| verdict.answers.map(Some));
        let answers = cases.iter().map(|case| (case.name.clone(), answers(case))).collect();
        Self { kernels: before.kernels.clone(), answers }
    }

    /// Stores one kernel's answers in its column.
    pub(super) fn enter(&mut self, session: &Session, kernel: &Kernel) {
        let column = column(&session.boot.release);
        self.kernels[column] = who(session, kernel);
        for (name, answer) in &session.answers {
            self.answers.entry(name.clone()).or_default()[column] = Some(*answer);
        }
    }

    /// The record, if every answer of both kernels is known.
    pub(super) fn finish(self, cases: &[Case]) -> Result<Verdicts> {
        let mut of = BTreeMap::new();
        for case in cases {
            let name = case.name.clone();
            let Some([Some(old), Some(new)]) = self.answers.get(&name).copied() else {
                let both = SERIES.join(" and ");
                bail!("{name}: not asked, and not known from before; ask {both}, with --hazards");
            };
            of.insert(name, Verdict { sha256: case.sha256(), answers: [old, new] });
        }
        Ok(Verdicts { kernels: self.kernels, of })
    }
}

pub(super) fn write(record: &Verdicts) -> Result<()> {
    let directory = Path::new(PATH).parent();
    ensure!(directory.is_some_and(Path::is_dir), "{PATH}: no such directory");
    record.write().context(PATH)
}

/// The kernel's own name and Debian's version of it, and the modules that were loaded.
fn who(session: &Session, kernel: &Kernel) -> String {
    let version = session.boot.version.rsplit_once(" Debian ").map_or("", |(_, version)| version);
    let modules: Vec<_> = kernel.crypto.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let modules = if modules.is_empty() { "none".to_owned() } else { modules.join(" ") };
    format!("{}, Debian {version}, crypto modules: {modules}", session.boot.release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_must_be_asked_about_anew() {
        let cases = &forge::cases()[..1];
        let answers = [Answer::Errno(0); 2];
        let record = |sha256| {
            let of = [(cases[0].name.clone(), Verdict { sha256, answers })].into();
            Verdicts { of, ..Verdicts::default() }
        };
        let same = record(cases[0].sha256());
        assert_eq!(Recording::over(&same, cases).finish(cases).expect("known"), same);
        assert!(Recording::over(&record(String::new()), cases).finish(cases).is_err());
    }
}
