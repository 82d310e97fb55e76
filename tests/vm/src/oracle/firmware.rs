//! `cargo xtask oracle --firmware`: OVMF judges the forged files.

use anyhow::{Context, Result, ensure};
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
    pub(crate) fn asked(name: &str, lab: &Lab) -> Result<Self> {
        let files = asked();
        let images: Vec<_> = files.iter().map(|file| file.image.as_slice()).collect();
        let loads = firmware::loads(&images, name, lab)?;
        let answer = |(file, loads): (&Asked, bool)| (file.name.clone(), Answer { sha256: file.sha256(), loads });
        let answers = files.iter().zip(loads).map(answer).collect();
        Ok(Self { files, answers })
    }

    pub(crate) fn count(&self) -> usize {
        self.answers.len()
    }

    /// Files about which the firmware was recorded with another answer.
    pub(crate) fn unlike_the_record(&self) -> Result<Vec<&str>> {
        let text = std::fs::read_to_string(PATH).context(PATH)?;
        let record = parse(&text).map_err(|what| anyhow::anyhow!(what))?;
        Ok(self
            .answers
            .iter()
            .filter(|(name, answer)| record.get(*name) != Some(answer))
            .map(|(name, _)| name.as_str())
            .collect())
    }

    /// Files that the firmware refuses and skexec trusts, for no known reason.
    pub(crate) fn trusted(&self) -> Vec<&str> {
        let known = |name: &str| LIMITS.iter().any(|(limit, _)| *limit == name);
        let trusted = self.files.iter().filter(|file| !file.refused && !known(&file.name));
        trusted.filter(|file| !self.answers[&file.name].loads).map(|file| file.name.as_str()).collect()
    }

    pub(super) fn record(&self) -> Result<()> {
        ensure!(self.answers.values().any(|answer| answer.loads), "the firmware loads none of the files");
        write(&self.answers).context(PATH)
    }
}
