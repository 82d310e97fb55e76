//! `cargo xtask oracle --firmware`: OVMF judges the forged files.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use forge::firmware::{Answer, Answers, Asked, LIMITS, PATH, asked, parse, write};

use crate::firmware;
use crate::lab::Lab;

/// What the firmware said, compared with the record and with skexec.
#[derive(Debug)]
pub(crate) struct Firmware {
    files: Vec<Asked>,
    answers: Answers,
}

impl Firmware {
    /// Asks about every file.
    pub(crate) fn asked(name: &str, lab: &Lab) -> Result<Self> {
        Self::asked_anew(name, lab, &Answers::new())
    }

    /// Asks about the files that are not in the record.
    pub(super) fn completed(name: &str, lab: &Lab) -> Result<Self> {
        Self::asked_anew(name, lab, &record()?)
    }

    fn asked_anew(name: &str, lab: &Lab, known: &Answers) -> Result<Self> {
        let files = asked();
        let recorded: BTreeMap<_, _> = known.values().map(|answer| (answer.sha256.clone(), answer.loads)).collect();
        let unknown: Vec<_> = files.iter().filter(|file| !recorded.contains_key(&file.sha256())).collect();
        let images: Vec<_> = unknown.iter().map(|file| file.image.as_slice()).collect();
        let mut loads = recorded;
        if !images.is_empty() {
            let new = firmware::loads(&images, name, lab)?;
            loads.extend(unknown.iter().map(|file| file.sha256()).zip(new));
        }
        let answer = |file: &Asked| {
            let sha256 = file.sha256();
            (file.name.clone(), Answer { loads: loads[&sha256], sha256 })
        };
        let answers = files.iter().map(answer).collect();
        Ok(Self { files, answers })
    }

    pub(crate) fn count(&self) -> usize {
        self.answers.len()
    }

    /// Files about which the firmware was recorded with another answer.
    pub(crate) fn unlike_the_record(&self) -> Result<Vec<&str>> {
        let record = record()?;
        Ok(self
            .answers
            .iter()
            .filter(|(name, answer)| record.get(*name) != Some(answer))
            .map(|(name, _)| name.as_str())
            .collect())
    }

    /// Files that the firmware refuses and skexec trusts, unless they are known to be such.
    pub(crate) fn trusted(&self) -> Vec<&str> {
        let known = |name: &str| LIMITS.contains(&name);
        let trusted = self.files.iter().filter(|file| !file.refused && !known(&file.name));
        trusted.filter(|file| !self.answers[&file.name].loads).map(|file| file.name.as_str()).collect()
    }

    pub(super) fn write(&self) -> Result<()> {
        ensure!(self.answers.values().any(|answer| answer.loads), "the firmware loads none of the files");
        write(&self.answers).context(PATH)
    }
}

fn record() -> Result<Answers> {
    let text = fs::read_to_string(PATH).context(PATH)?;
    parse(&text).map_err(|what| anyhow!(what))
}
