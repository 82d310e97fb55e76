//! Licences: each package's copyright file names every crate that is linked into its program, and `deny.toml` lists the permitted
//! licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cache::{self, Cache, cargo};
use crate::report::Report;
use crate::tool;

/// The version of cargo-deny with which deny.toml was tested.
const CARGO_DENY: &str = "0.20.2";
/// Our own part of the copyright file.
const HEAD: &str = "dist/debian/copyright";
/// Licences whose texts are in the head of the copyright file. Of a choice, the first in this list is taken: MIT has the fewest demands.
const HEADS: [&str; 2] = ["MIT", "Apache-2.0"];
/// Licences whose text is taken from the crate itself.
const QUOTED: [&str; 3] = ["BSD-3-Clause", "ISC", "bzip2-1.0.6"];

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A crate whose code is in the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Linked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The licence in its Cargo.toml.
    expression: String,
    pub(crate) source: PathBuf,
    /// Where it is developed, as its Cargo.toml says.
    pub(crate) repository: String,
}

impl Linked {
    /// The name of its files in the copyright file.
    pub(crate) fn files(&self) -> String {
        format!("crates/{}-{}/*", self.name, self.version)
    }

    /// The licence under which the package uses the crate, in Debian's notation.
    fn licence(&self) -> Result<String> {
        let choices: Vec<_> = self.expression.split(" OR ").flat_map(|part| part.split('/')).map(str::trim).collect();
        let taken: Vec<_> = HEADS.into_iter().filter(|licence| choices.contains(licence)).collect();
        if !taken.is_empty() {
            return Ok(taken.join(" or "));
        }
        let quoted = QUOTED.into_iter().find(|licence| choices.contains(licence));
        quoted.map(str::to_owned).with_context(|| format!("{} is under {}: not known", self.name, self.expression))
    }

    /// The copyright notices that its licence demands to keep.
    fn notices(&self) -> Result<BTreeSet<String>> {
        let mut notices = BTreeSet::new();
        for file in licence_files(&self.source)? {
            let text = fs::read_to_string(file)?;
            notices.extend(text.lines().map(str::trim).filter(|line| is_notice(line)).map(str::to_owned));
        }
        if notices.is_empty() {
            notices.insert(format!("the authors of {}", self.name));
        }
        Ok(notices)
    }
}

/// A notice names a year or an owner; the licences' own sentences and templates begin with the same word.
fn is_notice(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("Copyright ") else { return false };
    let template = ["[yyyy]", "{yyyy}", "<YEAR>", "notice", "License", "owner", "holder", "and "];
    !template.iter().any(|word| rest.contains(word))
}

fn licence_files(source: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.file_type()?.is_file() && ["LICENSE", "LICENCE", "COPYRIGHT"].iter().any(|part| name.contains(part)) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// The crates that are linked into a program, without our own. Procedural macros run in the compiler, so they are not linked.
pub(crate) fn linked(workspace: &Path, package: &str) -> Result<Vec<Linked>> {
    let tree = tree(workspace, package, &["--prefix", "none", "--format", "{p}|{l}|{r}|"])?;
    let places = places(workspace, TARGET)?;
    let mut found = BTreeSet::new();
    for line in tree.lines().filter(|line| !line.contains(" (/")) {
        let mut parts = line.split('|').map(str::to_owned);
        let [id, expression, repository] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        let (name, version) = id.split_once(" v").with_context(|| format!("cargo tree: {line}"))?;
        let key = (name.to_owned(), version.to_owned());
        let source = places.get(&key).with_context(|| format!("cargo metadata has no {id}"))?.clone();
        found.insert(Linked { name: key.0, version: key.1, expression, source, repository });
    }
    Ok(found.into_iter().collect())
}

/// The crates of a program that need each of its crates, by name.
pub(crate) fn through(workspace: &Path, package: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let tree = tree(workspace, package, &["--prefix", "depth", "--format", " {p}", "--no-dedupe"])?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The names on the way from the program to the line.
    let mut way: Vec<&str> = vec![];
    for line in tree.lines() {
        let mut parts = line.split_whitespace();
        let (depth, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        way.truncate(depth.parse().with_context(|| format!("cargo tree: {line}"))?);
        if let Some(parent) = way.last() {
            let parents = found.entry(name.to_owned()).or_default();
            if !parents.iter().any(|known| known == parent) {
                parents.push((*parent).to_owned());
            }
        }
        way.push(name);
    }
    found.values_mut().for_each(|parents| parents.sort_by_key(|name| (name != package, name.clone())));
    Ok(found)
}

/// What `cargo tree` says of the crates that are linked into a program.
fn tree(workspace: &Path, package: &str, how: &[&str]) -> Result<String> {
    let mut tree = cargo();
    tree.current_dir(workspace).args(["tree", "--locked", "--package", package, "--target", TARGET]);
    tool::stdout(tree.args(["--edges", "normal,no-proc-macro"]).args(how))
}

/// The directory of each package's sources.
fn places(workspace: &Path, target: &str) -> Result<BTreeMap<(String, String), PathBuf>> {
    let mut metadata = cargo();
    metadata.current_dir(workspace).args([
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        target,
    ]);
    let metadata: Value = serde_json::from_str(&tool::stdout(&mut metadata)?)?;
    let mut places = BTreeMap::new();
    for package in metadata["packages"].as_array().context("cargo metadata: no packages")? {
        let text = |key: &str| package[key].as_str().map(str::to_owned).with_context(|| format!("no {key}: {package}"));
        let manifest = PathBuf::from(text("manifest_path")?);
        places.insert((text("name")?, text("version")?), manifest.parent().context("no directory")?.to_owned());
    }
    Ok(places)
}

/// The package's copyright file: our own part, then a paragraph for each crate, then the licences' texts that ours lacks.
pub(crate) fn copyright(workspace: &Path, package: &str) -> Result<String> {
    let mut text = fs::read_to_string(workspace.join(HEAD)).context(HEAD)?;
    let mut quoted = BTreeMap::new();
    for linked in linked(workspace, package)? {
        let licence = linked.licence()?;
        let notices: Vec<_> = linked.notices()?.into_iter().collect();
        text += &format!("\nFiles: {}\nCopyright: {}\n", linked.files(), notices.join("\n           "));
        text += &format!("License: {licence}\nComment: linked into {package}\n");
        if QUOTED.contains(&licence.as_str()) {
            let file = licence_files(&linked.source)?.into_iter().next();
            quoted.insert(licence, fs::read_to_string(file.with_context(|| linked.name.clone())?)?);
        }
    }
    for (licence, full) in quoted {
        text += &format!("\nLicense: {licence}\n");
        for line in full.trim_end().lines() {
            text += &if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") };
        }
    }
    Ok(text)
}

/// The crates that a package's copyright file leaves out.
pub(crate) fn missing(copyright: &str, linked: &[Linked]) -> Vec<String> {
    let named: BTreeSet<_> = copyright.lines().filter_map(|line| line.strip_prefix("Files: ")).collect();
    linked.iter().map(Linked::files).filter(|files| !named.contains(files.as_str())).collect()
}

/// `cargo deny check`, as far as it needs no network; cargo-deny is built once, below the cache.
pub(crate) fn deny(cache: &Cache) -> Result<()> {
    let report = Report::new();
    let program = cache::installed(cache, report, "cargo-deny", CARGO_DENY)?;
    // cargo-deny looks at the crates of every platform, of which a build fetches one platform's only.
    report.step("fetch   the crates of every platform", || {
        tool::run(cargo().current_dir(cache.workspace("")).args(["fetch", "--locked"]))
    })?;
    report.step("check   licences, sources and duplicates by deny.toml", || {
        let mut check = Command::new(program);
        check.current_dir(cache.workspace("")).args([
            "--offline",
            "--workspace",
            "check",
            "licenses",
            "sources",
            "bans",
        ]);
        tool::run(&mut check)
    })?;
    for package in ["skexec", "skexec-sign"] {
        let (text, linked) = (copyright(&cache.workspace(""), package)?, linked(&cache.workspace(""), package)?);
        let unnamed = missing(&text, &linked);
        ensure!(unnamed.is_empty(), "the copyright file of {package} does not name {}", unnamed.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a workspace").to_owned()
    }

    #[test]
    fn every_crate_has_its_paragraph_and_every_licence_its_text() {
        let of = |package| {
            (copyright(&workspace(), package).expect("known licences"), linked(&workspace(), package).expect("crates"))
        };
        let (text, linked) = of("skexec");
        assert!(linked.len() > 50 && linked.iter().any(|one| one.name == "subtle"), "{linked:?}");
        assert!(linked.iter().all(|one| one.name != "cryptoki"), "of skexec-sign alone");
        assert_eq!(missing(&text, &linked), [""; 0]);
        assert_eq!(missing(&text.replace("Files: crates/goblin-", "Files: crates/x-"), &linked).len(), 1);
        let (signs, its) = of("skexec-sign");
        assert_eq!(missing(&signs, &its), [""; 0]);
        assert!(its.iter().any(|one| one.name == "cryptoki"));
        for (text, licences) in
            [(&text, &["MIT", "Apache-2.0", "BSD-3-Clause"][..]), (&signs, &["MIT", "Apache-2.0", "ISC"])]
        {
            for licence in licences {
                assert_eq!(text.matches(&format!("\nLicense: {licence}\n ")).count(), 1, "{licence}");
            }
        }
        assert!(text.contains("Isis Agora Lovecruft"), "subtle's authors");
    }

    #[test]
    fn a_licence_that_is_not_known_is_an_error() {
        let with = |expression: &str| Linked {
            name: "x".to_owned(),
            version: "1.0.0".to_owned(),
            expression: expression.to_owned(),
            source: PathBuf::new(),
            repository: String::new(),
        };
        let taken = |expression| with(expression).licence().ok();
        assert_eq!(taken("Apache-2.0 OR MIT").as_deref(), Some("MIT or Apache-2.0"));
        assert_eq!(taken("MIT/Apache-2.0").as_deref(), Some("MIT or Apache-2.0"));
        assert_eq!(taken("Unlicense OR MIT").as_deref(), Some("MIT"));
        assert_eq!(taken("GPL-3.0-only"), None);
        assert_eq!(taken("MIT AND Zlib"), None);
    }

    #[test]
    fn a_notice_is_no_sentence_of_a_licence() {
        assert!(is_notice("Copyright (c) 2020 The Goblin Developers"));
        assert!(!is_notice("Copyright [yyyy] [name of copyright owner]"));
        assert!(!is_notice("Copyright notice and this permission notice"));
    }
}
