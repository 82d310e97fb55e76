//! `cargo xtask reproducible`: sources in two directories make the same programs and the same packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache::Cache;
use crate::deb::{self, Place};
use crate::report::Report;
use crate::tool;

/// The copy's path is longer than the workspace's, because a path in a program moves what comes after it.
const COPY: &str = "reproducible/a-longer-path/to/skexec";

/// Builds both programs and their packages here and in a copy, and compares them.
pub(crate) fn run(cache: &Cache) -> Result<()> {
    [false, true].into_iter().try_for_each(|signer| builds(cache, signer))
}

/// The same for the loader, which is the one that every change is checked for.
pub(crate) fn loader(cache: &Cache) -> Result<()> {
    builds(cache, false)
}

fn builds(cache: &Cache, signer: bool) -> Result<()> {
    let report = Report::of("reproducible: ");
    let (workspace, target) = (cache.target(COPY), cache.target(COPY).with_file_name("target"));
    let copy = Place { tests: workspace.join("target"), workspace, target };
    if copy.workspace.exists() {
        fs::remove_dir_all(&copy.workspace)?;
    }
    report.step("copy    the sources to another directory", || self::copy(&cache.workspace(""), &copy.workspace))?;
    let here = deb::build_in(&Place::here(cache), signer, cache, report)?;
    let there = deb::build_in(&copy, signer, cache, report)?;
    here.iter().zip(&there).try_for_each(|(one, other)| {
        let name = one.file_name().unwrap_or_default().to_string_lossy();
        report.step(format_args!("compare {name}"), || compare(one, other))
    })
}

/// Copies what git would commit, as it is in the working tree. The copies have new times.
fn copy(workspace: &Path, to: &Path) -> Result<()> {
    let files = tool::stdout(Command::new("git").arg("-C").arg(workspace).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    for name in files.split_terminator('\0') {
        let (from, to) = (workspace.join(name), to.join(name));
        fs::create_dir_all(to.parent().context("a file without a directory")?)?;
        // A file that was deleted, but not committed.
        if from.exists() {
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

/// It is an error if the files differ; the error says from where on.
fn compare(one: &Path, other: &Path) -> Result<()> {
    let (first, second) = (fs::read(one)?, fs::read(other)?);
    let name = one.file_name().unwrap_or_default().to_string_lossy();
    let differs = first.iter().zip(&second).position(|(one, other)| one != other);
    let (lengths, paths) = ((first.len(), second.len()), (one.display(), other.display()));
    ensure!(
        first == second,
        "{name} differs from byte {differs:?} on, {lengths:?} bytes long: {} {}",
        paths.0,
        paths.1
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_other_byte_is_found() {
        let path = |name: &str| std::env::temp_dir().join(format!("skexec-reproducible-{}-{name}", std::process::id()));
        let (one, other) = (path("one"), path("other"));
        fs::write(&one, b"abc").expect("a file");
        for (bytes, same) in [(&b"abc"[..], true), (b"abd", false), (b"ab", false)] {
            fs::write(&other, bytes).expect("a file");
            assert_eq!(compare(&one, &other).is_ok(), same);
        }
        fs::remove_file(one).expect("removed");
        fs::remove_file(other).expect("removed");
    }
}
