//! `cargo package` for both packages that can be published.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

/// Packs both packages, and builds each one from its packed files alone; skexec is built with the packed purgatory.
pub(crate) fn verify(cache: &Cache) -> Result<()> {
    Report::new().step("pack    skexec and skexec-purgatory for a registry, and build them from that", || {
        forget_unpacked()?;
        let mut package = cargo();
        package.current_dir(cache.workspace("")).args(["package", "--locked", "--offline", "--allow-dirty"]);
        package.args(["--package", "skexec-purgatory", "--package", "skexec"]);
        tool::run(package.arg("--target-dir").arg(cache.target("publish")))
    })
}

/// Removes the copies of the purgatory that earlier runs left unpacked among cargo's sources. Cargo finds such a copy by name and
/// version alone, and would build skexec with an old one.
fn forget_unpacked() -> Result<()> {
    let sources = cargo_home()?.join("registry/src");
    for registry in fs::read_dir(&sources).into_iter().flatten() {
        for package in fs::read_dir(registry?.path())? {
            let package = package?;
            if package.file_name().to_string_lossy().starts_with("skexec-purgatory-") {
                fs::remove_dir_all(package.path())?;
            }
        }
    }
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    named.or_else(usual).context("neither CARGO_HOME nor HOME says where cargo keeps its sources")
}
