//! The Debian package, as `cargo xtask deb` makes it, and a later version of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tool;

/// A copy whose version is later than any.
pub(crate) fn later(package: &Path, scratch: &Path) -> Result<PathBuf> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    tool::run(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(scratch))?;
    let control = scratch.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    let version = text.lines().find(|line| line.starts_with("Version: ")).context("a package without a version")?;
    fs::write(&control, text.replace(version, &format!("{version}+later")))?;
    let later = scratch.with_extension("deb");
    tool::run(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(scratch).arg(&later))?;
    Ok(later)
}
