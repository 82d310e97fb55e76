//! What is known of each mutant, in a file of the cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::All;
use super::run::Mutant;

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    /// A test failed, or did not end.
    Caught,
    /// It does not compile.
    Unviable,
    /// No test noticed.
    Survived,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    end: End,
    /// The digest of the file from which the mutant was made: in another file it is another mutant.
    file: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Known(BTreeMap<String, Entry>);

impl Known {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&fs::read(path)?).with_context(|| path.display().to_string())
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&new, path).with_context(|| path.display().to_string())
    }

    /// Forgets what is known of mutants that are no longer made.
    pub(crate) fn keep(&mut self, all: &All) {
        let digests: BTreeMap<_, _> = all.iter().map(|(_, mutant)| (&mutant.name, &mutant.digest)).collect();
        self.0.retain(|name, entry| digests.get(name).is_some_and(|digest| **digest == entry.file));
    }

    pub(crate) fn end(&self, mutant: &Mutant) -> Option<End> {
        self.0.get(&mutant.name).map(|entry| entry.end)
    }

    pub(crate) fn note(&mut self, mutant: &Mutant, end: End) {
        self.0.insert(mutant.name.clone(), Entry { end, file: mutant.digest.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::super::modules::MODULES;
    use super::*;

    #[test]
    fn what_was_found_of_another_version_of_the_file_is_forgotten() {
        let mutant = |name: &str, digest: &str| Mutant {
            name: name.to_owned(),
            file: "src/a.rs".to_owned(),
            digest: digest.to_owned(),
        };
        let mut known = Known::default();
        for name in ["a", "b", "c"] {
            known.note(&mutant(name, "1"), End::Caught);
        }
        let now = [mutant("a", "1"), mutant("b", "2")];
        known.keep(&now.iter().cloned().map(|mutant| (&MODULES[0], mutant)).collect());
        assert_eq!(now.map(|mutant| known.end(&mutant)), [Some(End::Caught), None]);
        assert_eq!(known.0.len(), 1);
    }
}
