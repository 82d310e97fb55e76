//! `cargo xtask crates`: every crate that is linked into the loader, as a table in docs/crates.md.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::words::Words;
use crate::licences::{self, Linked};

pub(crate) const PAGE: &str = "docs/crates.md";
const PROGRAM: &str = "skexec";

const HEAD: &str = "\
# Crates

Every crate that is linked into `skexec`: what it does here, whose bytes it reads before anyone has vouched for them, how often the word
`unsafe` stands in its source, and who keeps it. `cargo xtask crates` writes this page, and a test compares it. The licences are in the
package's copyright file; deny.toml names the ones that are permitted.

- *through*: the crates here that need it; `skexec` itself first.
- *unsafe* is counted in all of the crate's source but its tests, whether or not this part is built. Code for other processors and
  systems is in it, and comments are not.
- *not called*: a crate that is compiled needs it, but nothing that skexec does comes there. The linker leaves that code out.

Procedural macros run in the compiler alone and are not in the program.
";

/// Writes the page.
pub(crate) fn run(workspace: &Path, page: &Path) -> Result<()> {
    let text = self::page(workspace)?;
    fs::write(page, &text).with_context(|| page.display().to_string())?;
    println!("{text}");
    Ok(())
}

fn page(workspace: &Path) -> Result<String> {
    let linked = licences::linked(workspace, PROGRAM)?;
    let through = licences::through(workspace, PROGRAM)?;
    let words = by_name(words::ALL, &linked)?;
    let mut page = HEAD.to_owned();
    let mut totals = (0, 0, 0);
    let mut rows = String::new();
    for one in &linked {
        let words = words.get(one.name.as_str()).with_context(|| one.name.clone())?;
        let unsafes = unsafe_words(&one.source)?;
        totals = (totals.0 + 1, totals.1 + usize::from(unsafes == 0), totals.2 + usize::from(!words.reads.is_empty()));
        let Words { does, reads, .. } = words;
        let needed = through.get(&one.name).map(|names| names.join(", ")).unwrap_or_default();
        let (name, version, keeper) = (&one.name, &one.version, keeper(&one.repository));
        let count = if unsafes == 0 { "-".to_owned() } else { unsafes.to_string() };
        let reads = if reads.is_empty() { "-" } else { reads };
        writeln!(rows, "| `{name}` {version} | {does} | {reads} | {count} | {keeper} | {needed} |")?;
    }
    let (all, safe, read) = totals;
    writeln!(page, "\n{all} crates; {safe} of them have no unsafe code, and {read} read bytes of others.\n")?;
    page +=
        "| crate | what it does here | reads | unsafe | kept by | through |\n| --- | --- | --- | ---: | --- | --- |\n";
    Ok(page + &rows)
}

/// The words by the name of their crate; it is an error if a crate has none, or if words speak of a crate that is not linked.
fn by_name<'a>(words: &'a [Words], linked: &[Linked]) -> Result<BTreeMap<&'a str, &'a Words>> {
    let words: BTreeMap<&str, &Words> = words.iter().map(|words| (words.name, words)).collect();
    let missing = linked.iter().map(|one| one.name.as_str()).filter(|name| !words.contains_key(name));
    let missing: Vec<_> = missing.collect();
    ensure!(missing.is_empty(), "tests/vm/src/crates/words.rs says nothing about {}", missing.join(", "));
    let gone = words.keys().copied().filter(|name| linked.iter().all(|one| one.name != *name));
    let gone: Vec<_> = gone.collect();
    ensure!(gone.is_empty(), "tests/vm/src/crates/words.rs speaks of {}, which are not linked", gone.join(", "));
    Ok(words)
}

/// Owner and name of a repository.
fn keeper(repository: &str) -> String {
    let path = repository.split_once("://").map_or(repository, |(_, path)| path);
    let mut parts = path.split('/').skip(1).map(|part| part.trim_end_matches(".git"));
    format!("{}/{}", parts.next().unwrap_or("?"), parts.next().unwrap_or("?"))
}

/// How often `unsafe` stands in the code of a crate.
fn unsafe_words(source: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(source).with_context(|| source.display().to_string())? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let aside = ["tests", "benches", "examples", "fuzz", "target", "tests.rs"].contains(&name.as_str());
        if entry.file_type()?.is_dir() && !aside {
            count += unsafe_words(&path)?;
        } else if !aside && name != "build.rs" && name.ends_with(".rs") {
            count += unsafe_in(&fs::read_to_string(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(count)
}

/// The same for one file. Comments that stand after code on a line count as code up to their `//`.
fn unsafe_in(text: &str) -> usize {
    let code = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.flat_map(|code| code.split(|letter| !part(letter))).filter(|word| *word == "unsafe").count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a workspace").to_owned()
    }

    #[test]
    fn the_page_is_up_to_date() {
        let wanted = page(&workspace()).expect("a table");
        let found = fs::read_to_string(workspace().join(PAGE)).unwrap_or_default();
        assert!(found == wanted, "{PAGE} is out of date: cargo xtask crates");
    }

    #[test]
    fn words_and_crates_are_the_same() {
        let linked = licences::linked(&workspace(), PROGRAM).expect("crates");
        let without_the_first = linked.get(1..).expect("crates");
        assert!(by_name(words::ALL, &linked).is_ok());
        assert!(by_name(words::ALL, without_the_first).is_err());
        assert!(by_name(words::ALL.get(1..).expect("words"), &linked).is_err());
        assert!(words::ALL.is_sorted_by_key(|words| words.name));
    }

    #[test]
    fn unsafe_counts_where_it_is_code() {
        assert_eq!(
            unsafe_in("unsafe fn a() {}\n// unsafe\nlet x = unsafe { b() }; // unsafe\n#![forbid(unsafe_code)]"),
            2
        );
    }

    #[test]
    fn a_repository_is_named_by_its_owner() {
        assert_eq!(keeper("https://example.org/RustCrypto/formats/tree/master/der"), "RustCrypto/formats");
        assert_eq!(keeper("https://example.org/bitflags/bitflags.git"), "bitflags/bitflags");
        assert_eq!(keeper(""), "?/?");
    }
}
