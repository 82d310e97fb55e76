//! cargo-mutants: which mutants there are, and which of them the tests notice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::known::{End, Known};
use super::modules::{Module, Tests};
use super::switch::Change;
use crate::cache::{self, Cache, cargo};
use crate::report::Report;
use crate::tool;

const VERSION: &str = "27.1.0";

/// One place that can be broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// File, line, column, and what is done.
    pub(crate) name: String,
    pub(crate) file: String,
    /// Of the file.
    pub(crate) digest: String,
    pub(crate) package: String,
    /// What is replaced, from a line and column to another, and with what.
    span: [(usize, usize); 2],
    pub(crate) genre: String,
    replacement: String,
}

impl Mutant {
    pub(crate) fn change(&self, number: usize) -> Change {
        let (span, genre, replacement) = (self.span, self.genre.clone(), self.replacement.clone());
        Change { number, span, genre, replacement }
    }

    #[cfg(test)]
    pub(crate) fn new(name: &str, file: &str, digest: &str) -> Self {
        let [name, file, digest] = [name, file, digest].map(str::to_owned);
        let [package, genre, replacement] = std::array::from_fn(|_| String::new());
        Self { name, file, digest, package, span: [(1, 1); 2], genre, replacement }
    }
}

#[derive(Debug)]
pub(crate) struct Tool {
    program: PathBuf,
    folder: PathBuf,
    tree: PathBuf,
}

impl Tool {
    pub(crate) fn install(cache: &Cache, report: Report) -> Result<Self> {
        let program = cache::installed(cache, report, "cargo-mutants", VERSION)?;
        let folder = cache.path("mutants");
        let tree = folder.join("tree");
        fs::create_dir_all(&tree)?;
        Ok(Self { program, folder, tree })
    }

    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// cargo-mutants in the copy, whose build has a folder of its own.
    fn mutants(&self) -> Command {
        let mut mutants = Command::new(&self.program);
        mutants.arg("mutants").current_dir(&self.tree).stdin(Stdio::null());
        self.in_own_target(&mut mutants);
        mutants
    }

    fn in_own_target(&self, command: &mut Command) {
        command.env("CARGO_TARGET_DIR", self.folder.join("target"));
        // A backtrace that nobody reads costs half of each link.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0");
    }

    /// All mutants of a module, in the order of the source.
    pub(crate) fn list(&self, module: &Module) -> Result<Vec<Mutant>> {
        let mut list = self.mutants();
        list.args(["--list", "--json", "--no-config", "--package", module.package]);
        list.args(globs(module));
        let list: Value = serde_json::from_str(&tool::stdout(&mut list)?)?;
        let list = list.as_array().context("cargo-mutants lists nothing")?;
        ensure!(!list.is_empty(), "{}: no mutants", module.name);
        list.iter().map(|one| self.mutant(one)).collect()
    }

    fn mutant(&self, listed: &Value) -> Result<Mutant> {
        let text = |key: &str| listed[key].as_str().map(str::to_owned).with_context(|| format!("no {key}: {listed}"));
        let (name, file) = (text("name")?, text("file")?);
        let (package, genre, replacement) = (text("package")?, text("genre")?, text("replacement")?);
        let place = |end: &str| {
            let number = |key: &str| listed["span"][end][key].as_u64().and_then(|number| number.try_into().ok());
            number("line").zip(number("column")).with_context(|| format!("no {end}: {listed}"))
        };
        let span = [place("start")?, place("end")?];
        let digest = Sha256::digest(fs::read(self.tree.join(&file)).with_context(|| file.clone())?);
        let digest = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Mutant { name, file, digest, package, span, genre, replacement })
    }

    /// Breaks the code in each of these places: the first tests are asked, and the others about what those did not notice.
    pub(crate) fn attempt(&self, module: &Module, batch: &[&Mutant], known: &mut Known) -> Result<()> {
        let mut left = batch.to_vec();
        for tests in module.tests {
            if left.is_empty() {
                break;
            }
            let ends = self.pass(module, &left, &tests)?;
            for (mutant, end) in left.iter().zip(&ends) {
                known.note(mutant, *end);
            }
            left =
                left.into_iter().zip(ends).filter(|(_, end)| *end == End::Survived).map(|(mutant, _)| mutant).collect();
        }
        Ok(())
    }

    fn pass(&self, module: &Module, mutants: &[&Mutant], tests: &Tests) -> Result<Vec<End>> {
        let limit = self.baseline(tests)? * 4 + Duration::from_secs(30);
        let config = self.folder.join("config.toml");
        let names: Vec<_> = mutants.iter().map(|mutant| format!("'''^{}$'''", escaped(&mutant.name))).collect();
        fs::write(&config, format!("examine_re = [{}]\n", names.join(",\n")))?;
        let mut run = self.mutants();
        run.arg("--config").arg(&config).arg("--output").arg(&self.folder).args(["--in-place", "--baseline", "skip"]);
        run.args(["--package", module.package, "--colors", "never", "--no-times"]);
        run.arg("--timeout").arg(limit.as_secs().to_string()).args(["--build-timeout", "1800"]);
        run.args(["--test-package", tests.package]);
        // For the build, too: what is not asked need not be built.
        run.args(targets(tests).iter().map(|word| format!("--cargo-arg={word}")));
        run.args(globs(module));
        run.args(["--", "--"]).args(tests.names);
        // It fails where a mutant survives, too; what it has written down shows whether it worked.
        let outcomes = self.folder.join("mutants.out/outcomes.json");
        let _ = fs::remove_file(&outcomes);
        run.status().context("cannot start cargo-mutants")?;
        let outcomes: Value = serde_json::from_slice(&fs::read(&outcomes).context("cargo-mutants ended early")?)?;
        mutants.iter().map(|mutant| end(&outcomes, mutant)).collect()
    }

    /// How long the tests take where nothing is broken. They have to succeed then.
    fn baseline(&self, tests: &Tests) -> Result<Duration> {
        let test = |more: &[&str]| {
            let mut test = cargo();
            test.current_dir(&self.tree).args(["test", "--package", tests.package]).args(targets(tests)).args(more);
            self.in_own_target(&mut test);
            test
        };
        tool::run(&mut test(&["--no-run"]))?;
        let start = Instant::now();
        let mut test = test(&["--"]);
        test.args(tests.names);
        tool::run(&mut test).context("a test fails where nothing is broken")?;
        Ok(start.elapsed())
    }
}

/// The files of a module, in the words of cargo-mutants.
fn globs(module: &Module) -> impl Iterator<Item = &'static str> {
    module.files.iter().flat_map(|glob| ["--file", glob])
}

/// Which programs of tests are built and run, in the words of cargo.
fn targets(tests: &Tests) -> Vec<&'static str> {
    let lib = tests.lib.then_some("--lib").into_iter();
    lib.chain(tests.programs.iter().flat_map(|name| ["--test", name])).collect()
}

/// A name as a regular expression that means it alone.
fn escaped(name: &str) -> String {
    let special = |letter: char| "\\.+*?()|[]{}^$#&-~".contains(letter);
    name.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

fn end(outcomes: &Value, mutant: &Mutant) -> Result<End> {
    let all = outcomes["outcomes"].as_array().context("no outcomes")?;
    let own = all.iter().find(|one| one["scenario"]["Mutant"]["name"] == mutant.name.as_str());
    let own = own.with_context(|| format!("cargo-mutants did not try {}", mutant.name))?;
    match own["summary"].as_str() {
        Some("CaughtMutant" | "Timeout") => Ok(End::Caught),
        Some("Unviable") => Ok(End::Unviable),
        Some("MissedMutant") => Ok(End::Survived),
        other => anyhow::bail!("{}: {other:?}", mutant.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::modules::MODULES;
    use super::*;

    #[test]
    fn a_name_means_itself_alone() {
        assert_eq!(escaped("a.rs:1:2: replace < with <= in b::c"), "a\\.rs:1:2: replace < with <= in b::c");
        assert_eq!(escaped("-> Option<(u8, &[u8])> with None"), "\\-> Option<\\(u8, \\&\\[u8\\]\\)> with None");
    }

    #[test]
    fn the_programs_of_tests_are_named() {
        let tests = Tests { package: "skexec", lib: true, programs: &["load", "uki"], names: &[] };
        assert_eq!(targets(&tests), ["--lib", "--test", "load", "--test", "uki"]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in MODULES.iter().flat_map(|module| module.tests).flat_map(|tests| tests.programs) {
            let is_there = root.join(format!("{name}.rs")).exists() || root.join(format!("{name}/main.rs")).exists();
            assert!(is_there, "{name}");
        }
    }

    #[test]
    fn each_summary_is_an_end() {
        let mutant = Mutant::new("a", "", "");
        for (summary, wanted) in [
            ("CaughtMutant", Some(End::Caught)),
            ("Timeout", Some(End::Caught)),
            ("Unviable", Some(End::Unviable)),
            ("MissedMutant", Some(End::Survived)),
            ("Failure", None),
        ] {
            let outcomes = serde_json::json!({ "outcomes": [
                { "scenario": "Baseline", "summary": "Success" },
                { "scenario": { "Mutant": { "name": "a" } }, "summary": summary },
            ] });
            assert_eq!(end(&outcomes, &mutant).ok(), wanted, "{summary}");
        }
        assert!(end(&serde_json::json!({ "outcomes": [] }), &mutant).is_err());
    }
}
