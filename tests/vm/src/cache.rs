//! Where everything fetched and made is kept: `vm-cache` below cargo's target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::tool;

/// The cache, held by one harness at a time.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
    target: PathBuf,
    workspace: PathBuf,
    _lock: File,
}

impl Cache {
    /// Waits while another harness uses it: both would write the same files, and two guests at once miss their deadlines.
    pub(crate) fn open() -> Result<Self> {
        let metadata = tool::stdout(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&metadata)?;
        let path =
            |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata: no {key}"));
        let (target, workspace) = (path("target_directory")?, path("workspace_root")?);
        let root = target.join("vm-cache");
        fs::create_dir_all(&root).with_context(|| format!("{}", root.display()))?;
        let lock = File::create(root.join("lock"))?;
        if lock.try_lock().is_err() {
            println!("waiting for another cargo xtask ...");
            lock.lock()?;
        }
        Ok(Self { root, target, workspace, _lock: lock })
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn target(&self, name: impl AsRef<Path>) -> PathBuf {
        self.target.join(name)
    }

    pub(crate) fn workspace(&self, name: impl AsRef<Path>) -> PathBuf {
        self.workspace.join(name)
    }

    /// A directory of the cache that is there whole or not at all: `fill` works in another, which then takes its name.
    pub(crate) fn directory(&self, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let finished = self.path(name);
        if finished.exists() {
            return Ok(finished);
        }
        let unfinished = self.path(format!("{name}.part"));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)?;
        fill(&unfinished)?;
        fs::rename(&unfinished, &finished)?;
        Ok(finished)
    }

    /// Forgets what was fetched, so that it is fetched anew.
    pub(crate) fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// The cargo that runs this harness, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
