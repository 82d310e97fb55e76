//! Files of single packages, cached with the package's version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::cache::Cache;

/// All packages of this kind are kept below this directory of the cache, one directory each.
const REAL_FILES: &str = "real-files";
const VERSION: &str = "VERSION";

/// Where a package is fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Bookworm,
    Backports,
    Trixie,
}

#[derive(Debug)]
pub(crate) struct Package {
    /// The name of the directory in the cache.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// The name is that of a meta-package; the package that it depends on is fetched.
    pub(crate) meta: bool,
    pub(crate) from: Origin,
    /// The names of the files to keep. The release after `vmlinuz` or `config` is left out.
    pub(crate) files: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) version: String,
    pub(crate) directory: PathBuf,
}

impl Package {
    fn directory(&self) -> PathBuf {
        Path::new(REAL_FILES).join(self.id)
    }

    pub(crate) fn is_in(&self, cache: &Cache) -> bool {
        cache.path(self.directory()).exists()
    }

    pub(super) fn fetch(&self, apt: &Apt, cache: &Cache) -> Result<()> {
        let package =
            if self.meta { apt.meaning_of(self.name, self.from == Origin::Backports)? } else { self.name.to_owned() };
        let scratch = cache.path("package");
        fs::create_dir_all(&scratch)?;
        apt.unpack(&package, &scratch)?;
        let name = self.directory();
        cache.directory(&name.to_string_lossy(), |unfinished| {
            for file in self.files {
                let found = find(&scratch, file)?;
                let found = found.with_context(|| format!("{package} holds no {file}"))?;
                fs::copy(found, unfinished.join(file))?;
            }
            Ok(fs::write(unfinished.join(VERSION), version(apt, &package)?)?)
        })?;
        fs::remove_dir_all(scratch)?;
        Ok(())
    }

    pub(super) fn unpacked(&self, cache: &Cache) -> Result<Unpacked> {
        let directory = cache.path(self.directory());
        Ok(Unpacked { version: fs::read_to_string(directory.join(VERSION))?, directory })
    }
}

/// The version in `name=version`.
fn version(apt: &Apt, package: &str) -> Result<String> {
    match package.split_once('=') {
        Some((_, version)) => Ok(version.to_owned()),
        None => apt.version_of(package),
    }
}

/// Finds a regular file. Links are skipped, because a link in a package may lead out of it.
fn find(directory: &Path, wanted: &str) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if kind.is_dir() {
            if let Some(found) = find(&entry.path(), wanted)? {
                return Ok(Some(found));
            }
        } else if kind.is_file() && is(&name.to_string_lossy(), wanted) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

fn is(name: &str, wanted: &str) -> bool {
    let of_release = |kind: &str| wanted == kind && name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-'));
    name == wanted || of_release("vmlinuz") || of_release("config")
}
