//! What is known of each mutant: a line of tests/data/mutants.tsv.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::All;
use super::run::Mutant;

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A test failed, or did not end.
    Caught,
    /// It does not compile.
    Unviable,
    /// No test noticed.
    Survived,
}

impl End {
    pub(crate) fn word(self) -> &'static str {
        WORDS.iter().find(|(end, _)| *end == self).map_or("", |(_, word)| word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    end: End,
    /// The digest of the file from which the mutant was made: in another file it is another mutant.
    file: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known(BTreeMap<String, Entry>);

/// Each end and its word in the file.
const WORDS: [(End, &str); 3] = [(End::Caught, "caught"), (End::Unviable, "unviable"), (End::Survived, "survived")];

impl Known {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        Self::parse(&fs::read_to_string(path)?).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let line = |line: &str| {
            let mut words = line.splitn(3, '\t');
            let (end, file, name) = (words.next()?, words.next()?.to_owned(), words.next()?.to_owned());
            let end = WORDS.iter().find(|(_, word)| *word == end)?.0;
            Some((name, Entry { end, file }))
        };
        text.lines().map(|one| line(one).with_context(|| one.to_owned())).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let new = path.with_extension("new");
        fs::write(&new, self.text())?;
        fs::rename(&new, path).with_context(|| path.display().to_string())
    }

    fn text(&self) -> String {
        self.0.iter().map(|(name, Entry { end, file })| format!("{}\t{file}\t{name}\n", end.word())).collect()
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
        let mutant = |name: &str, digest: &str| Mutant::new(name, "src/a.rs", digest);
        let mut known = Known::default();
        for name in ["a", "b", "c"] {
            known.note(&mutant(name, "1"), End::Caught);
        }
        let now = [mutant("a", "1"), mutant("b", "2")];
        known.keep(&now.iter().cloned().map(|mutant| (&MODULES[0], mutant)).collect());
        assert_eq!(now.map(|mutant| known.end(&mutant)), [Some(End::Caught), None]);
        assert_eq!(known.0.len(), 1);
    }

    #[test]
    fn what_is_known_is_read_as_it_was_written() {
        let mut known = Known::default();
        for (index, (end, word)) in WORDS.into_iter().enumerate() {
            let name = format!("src/a.rs:{index}: replace a b with c");
            known.note(&Mutant::new(&name, "src/a.rs", &format!("0{index}")), end);
            assert!(known.text().contains(&format!("{word}\t0{index}\tsrc/a.rs:{index}: replace a b with c\n")));
        }
        assert_eq!(Known::parse(&known.text()).unwrap(), known);
        for text in ["caught", "caught\t1", "gone\t1\ta"] {
            assert!(Known::parse(text).is_err(), "{text}");
        }
    }
}
