//! The kernel's own tests of kexec, of the source of Debian's kernel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::apt::Apt;
use super::extras::Extras;
use crate::cache::Cache;

pub(super) const DIRECTORY: &str = "selftests-kexec";
const PACKAGE: &str = "linux-source-6.1";
/// The tests in the archive, five directories deep.
const TESTS: &str = "linux-source-6.1/tools/testing/selftests/kexec";

/// Keeps the directory of the tests; the source is 138 MB, packed.
pub(super) fn fetch(apt: &Apt, compression: &Extras, cache: &Cache) -> Result<PathBuf> {
    let scratch = cache.path("kernel-source");
    fs::create_dir_all(&scratch)?;
    apt.unpack(PACKAGE, &scratch)?;
    let archive = scratch.join(format!("usr/src/{PACKAGE}.tar.xz"));
    let directory = cache.directory(DIRECTORY, |unfinished| unpack(&archive, compression, unfinished))?;
    fs::remove_dir_all(scratch)?;
    Ok(directory)
}

fn unpack(archive: &Path, compression: &Extras, into: &Path) -> Result<()> {
    let mut unpacked = compression.command("xz");
    let mut unpacked = unpacked.arg("-dc").arg(archive).stdout(Stdio::piped()).spawn().context("xz")?;
    let stream = unpacked.stdout.take().context("xz's output")?;
    let mut tar = Command::new("tar");
    let tar = tar.args(["-x", "--strip-components=5", "-C"]).arg(into).arg(TESTS).stdin(stream).output()?;
    let status = unpacked.wait()?;
    ensure!(
        tar.status.success() && status.success(),
        "{}: {}",
        archive.display(),
        String::from_utf8_lossy(&tar.stderr)
    );
    Ok(())
}
