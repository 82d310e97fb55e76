//! The Debian packages, as `cargo xtask deb` makes them, and other versions of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tool;

/// What has the new initramfs made.
const TRIGGER: &str = "activate-noawait update-initramfs\n";

/// A copy whose version is later than any, as are those that it depends on.
pub(crate) fn later(package: &Path, scratch: &Path) -> Result<PathBuf> {
    extract(package, scratch)?;
    let version = version(scratch)?;
    build(scratch, &version, &format!("{version}+later"))
}

/// skexec as it was before the hooks had a package of their own.
pub(crate) fn whole(package: &Path, hooks: &Path, scratch: &Path) -> Result<PathBuf> {
    extract(package, scratch)?;
    tool::run(Command::new("dpkg-deb").arg("--extract").arg(hooks).arg(scratch))?;
    fs::write(scratch.join("DEBIAN/triggers"), TRIGGER)?;
    build(scratch, &version(scratch)?, "0.1.0-1")
}

fn extract(package: &Path, scratch: &Path) -> Result<()> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    tool::run(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(scratch))
}

fn version(scratch: &Path) -> Result<String> {
    let text = fs::read_to_string(scratch.join("DEBIAN/control"))?;
    let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
    version.map(str::to_owned).context("a package without a version")
}

fn build(scratch: &Path, version: &str, instead: &str) -> Result<PathBuf> {
    let control = scratch.join("DEBIAN/control");
    let text = fs::read_to_string(&control)?;
    fs::write(&control, text.replace(version, instead))?;
    let package = scratch.with_extension("deb");
    tool::run(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(scratch).arg(&package))?;
    Ok(package)
}
