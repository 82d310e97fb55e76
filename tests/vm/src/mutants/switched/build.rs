//! A copy of the source in which every mutant has a switch, and its build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::super::known::End;
use super::super::modules::MODULES;
use super::super::run::Mutant;
use super::super::switch::{Change, Refused, switched};
use super::super::tree;
use crate::cache::{Cache, cargo};

/// The package whose mutants have switches. The purgatory has no environment that could turn one on.
pub(crate) const PACKAGE: &str = "skexec";
/// Each build shows some mutants that do not compile, and hides those of the compiler's later stages.
const BUILDS: usize = 30;
const SWITCH: &str = include_str!("mutant_switch.rs");

#[derive(Debug)]
pub(super) struct Built {
    pub(super) folder: PathBuf,
    /// The programs of tests.
    pub(super) programs: Vec<PathBuf>,
    pub(super) unviable: BTreeMap<usize, End>,
    /// Those without a switch.
    pub(super) left: Vec<usize>,
}

/// Where each mutant's code stands, by file.
type Places = BTreeMap<String, Vec<(usize, Range<usize>)>>;

impl Built {
    pub(super) fn new(cache: &Cache, all: &[Mutant]) -> Result<Self> {
        let builder = Builder { source: cache.workspace(""), folder: cache.path("mutants/switched") };
        let mut refused = Refused::default();
        for _ in 0..BUILDS {
            let places = builder.write(all, &refused)?;
            let more = builder.check(&places)?;
            if more.numbers.is_empty() && more.constants.is_empty() {
                let mut known: BTreeSet<_> = places.values().flatten().map(|(number, _)| *number).collect();
                known.extend(&refused.numbers);
                let left = (0..all.len()).filter(|number| !known.contains(number)).collect();
                let unviable = refused.numbers.iter().map(|number| (*number, End::Unviable)).collect();
                return Ok(Self { programs: builder.build()?, folder: builder.folder, unviable, left });
            }
            println!("{} mutants do not compile; constant: {}", more.numbers.len(), more.constants.len());
            refused.numbers.extend(more.numbers);
            refused.constants.extend(more.constants);
        }
        bail!("there are still mutants that do not compile")
    }
}

/// A function that returns `impl Trait` cannot return two types, and a mutant of it may be another one.
fn has_one_type(mutant: &Mutant) -> bool {
    mutant.genre != "FnValue" || !mutant.name.contains("-> impl ")
}

struct Builder {
    source: PathBuf,
    folder: PathBuf,
}

impl Builder {
    /// Writes the sources, and says where the mutants are in them.
    fn write(&self, all: &[Mutant], refused: &Refused) -> Result<Places> {
        let mut changes = BTreeMap::<&str, Vec<Change>>::new();
        let has_switch = |mutant: &Mutant| mutant.package == PACKAGE && has_one_type(mutant);
        for (number, mutant) in all.iter().enumerate().filter(|(_, mutant)| has_switch(mutant)) {
            changes.entry(&mutant.file).or_default().push(mutant.change(number));
        }
        let mut places = Places::new();
        let mut texts = BTreeMap::new();
        for (file, changes) in changes {
            let source = fs::read_to_string(self.source.join(file)).with_context(|| file.to_owned())?;
            let switched = switched(&source, &changes, refused).with_context(|| file.to_owned())?;
            places.insert(file.to_owned(), switched.places);
            texts.insert(file.to_owned(), switched.text);
        }
        let library = fs::read_to_string(self.source.join("src/lib.rs"))?;
        texts.insert("src/lib.rs".to_owned(), format!("{library}\npub mod mutant_switch;\n"));
        texts.insert("src/mutant_switch.rs".to_owned(), SWITCH.to_owned());
        fs::create_dir_all(&self.folder)?;
        tree::copy_with(&self.source, &self.folder, &texts)?;
        Ok(places)
    }

    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.folder).args(words).args(["--package", PACKAGE, "--message-format", "json"]);
        command.env("CARGO_TARGET_DIR", self.folder.with_file_name("switched-target"));
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0");
        // Thousands of runs of the tests pay for a longer build.
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_PROFILE_TEST_OPT_LEVEL", "1");
        // A switch makes parentheses that are not needed, and an operator that always overflows is worth a try.
        command.env("RUSTFLAGS", "--cap-lints=allow").stdin(Stdio::null()).stderr(Stdio::inherit());
        command
    }

    /// What the compiler refuses.
    fn check(&self, places: &Places) -> Result<Refused> {
        let output = self.cargo(&["check", "--lib"]).output().context("cannot start cargo")?;
        let mut refused = Refused::default();
        for message in messages(&output.stdout).filter(|message| message["message"]["level"] == "error") {
            let message = &message["message"];
            let constant = constant(message);
            let numbers = if constant.is_some() { BTreeSet::new() } else { guilty(message, places) };
            if numbers.is_empty()
                && constant.is_none()
                && message["spans"].as_array().is_some_and(|all| !all.is_empty())
            {
                bail!("{}", message["rendered"].as_str().unwrap_or("an error"));
            }
            refused.numbers.extend(numbers);
            refused.constants.extend(constant);
        }
        if refused.numbers.is_empty() && refused.constants.is_empty() && !output.status.success() {
            bail!("the switches do not compile:\n{}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(refused)
    }

    fn build(&self) -> Result<Vec<PathBuf>> {
        let programs = MODULES.iter().flat_map(|module| module.tests).flat_map(|tests| tests.programs);
        let programs: BTreeSet<_> = programs.copied().collect();
        let mut words = vec!["test", "--no-run", "--lib"];
        words.extend(programs.iter().flat_map(|name| ["--test", name]));
        let output = self.cargo(&words).output().context("cannot start cargo")?;
        if !output.status.success() {
            bail!("the tests of the mutants do not compile:\n{}", String::from_utf8_lossy(&output.stdout));
        }
        let built = messages(&output.stdout).filter(|message| message["profile"]["test"] == true);
        Ok(built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect())
    }
}

fn messages(stdout: &[u8]) -> impl Iterator<Item = Value> {
    stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// The function that is called where only a `const fn` can be.
fn constant(message: &Value) -> Option<String> {
    let text = message["message"].as_str().filter(|_| message["code"]["code"] == "E0015")?;
    let path = text.split('`').nth(1)?;
    path.rsplit("::").find(|word| !word.starts_with('<')).map(str::to_owned)
}

/// The mutants in whose code an error lies; those that it only points to, where it lies in none.
fn guilty(message: &Value, places: &Places) -> BTreeSet<usize> {
    let spans = || message["spans"].as_array().into_iter().flatten();
    let primary = spans().filter(|span| span["is_primary"] == true).flat_map(|span| within(span, places));
    let primary: BTreeSet<_> = primary.collect();
    if primary.is_empty() { spans().flat_map(|span| within(span, places)).collect() } else { primary }
}

/// The mutants whose code has a part of this span.
fn within(span: &Value, places: &Places) -> Vec<usize> {
    let number = |key: &str| span[key].as_u64().and_then(|number| usize::try_from(number).ok());
    let (Some(start), Some(end), Some(file)) = (number("byte_start"), number("byte_end"), span["file_name"].as_str())
    else {
        return Vec::new();
    };
    let here = places.get(Path::new(file).to_string_lossy().as_ref()).into_iter().flatten();
    // Not what encloses a whole mutant: that is the code around it.
    let here = here.filter(|(_, place)| place.start <= start && end <= place.end);
    here.map(|(number, _)| *number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_has_to_be_constant_is_named() {
        let text = "cannot call non-const associated function `a::B::<C>::d` in constants";
        let message = |code| serde_json::json!({ "message": text, "code": { "code": code } });
        assert_eq!(constant(&message("E0015")).as_deref(), Some("d"));
        assert_eq!(constant(&message("E0308")), None);
    }

    #[test]
    fn an_error_is_of_the_mutant_in_which_it_lies() {
        let places = Places::from([("src/a.rs".to_owned(), vec![(7, 10..20), (8, 30..40)])]);
        let span = |start: usize, end: usize, primary: bool| serde_json::json!({ "file_name": "src/a.rs", "byte_start": start, "byte_end": end, "is_primary": primary });
        for (spans, wanted) in [
            (vec![span(12, 14, true), span(31, 32, false)], vec![7]),
            (vec![span(0, 50, true), span(31, 32, false)], vec![8]),
            (vec![span(21, 22, true)], vec![]),
            (vec![], vec![]),
        ] {
            let found = guilty(&serde_json::json!({ "spans": spans }), &places);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
        }
    }
}
