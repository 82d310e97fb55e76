//! The cache for everything that is fetched or built: `vm-cache` below cargo's target directory.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::report::Report;
use crate::tool;

/// The cache, held by one harness at a time.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
    target: PathBuf,
    workspace: PathBuf,
    _lock: Lock,
}

impl Cache {
    /// Opens the cache; waits while another harness uses it, because both would write the same files, and two guests at once would miss
    /// their deadlines.
    ///
    /// `main` opens it once and passes it on; a second time in the same process is an error.
    pub(crate) fn open() -> Result<Self> {
        let metadata = tool::stdout(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&metadata)?;
        let path =
            |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata: no {key}"));
        let (target, workspace) = (path("target_directory")?, path("workspace_root")?);
        let root = target.join("vm-cache");
        fs::create_dir_all(&root).with_context(|| format!("{}", root.display()))?;
        let lock = Lock::take(&root.join("lock"))?;
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

    /// A directory of the cache that is either complete or absent: `fill` works in another directory, which is then renamed.
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

    /// Removes everything that was fetched, so that it is fetched again.
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

/// A program from crates.io, installed once below the cache.
pub(crate) fn installed(cache: &Cache, report: Report, name: &str, version: &str) -> Result<PathBuf> {
    let directory = format!("{name}-{version}");
    let program = cache.path(&directory).join("bin").join(name);
    if !program.exists() {
        report.step(format_args!("fetch   {name} {version}, and build it"), || {
            cache.directory(&directory, |unfinished| {
                let mut install = cargo();
                install.args(["install", "--locked", "--version", version, name, "--root"]).arg(unfinished);
                tool::run(install.arg("--target-dir").arg(unfinished.join("build")))?;
                Ok(fs::remove_dir_all(unfinished.join("build"))?)
            })
        })?;
    }
    Ok(program)
}

/// A lock file for one process at a time; it contains that process's id.
#[derive(Debug)]
struct Lock {
    _file: File,
}

impl Lock {
    fn take(path: &Path) -> Result<Self> {
        let mut file = File::options().create(true).read(true).write(true).truncate(false).open(path)?;
        if file.try_lock().is_err() {
            let own = std::process::id().to_string();
            ensure!(fs::read_to_string(path)?.trim() != own, "this process holds {} already", path.display());
            println!("waiting for another cargo xtask ...");
            file.lock()?;
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}

/// The cargo that runs this harness, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_lock_does_not_wait_for_it() {
        let path = std::env::temp_dir().join(format!("skexec-lock-{}", std::process::id()));
        let held = Lock::take(&path).expect("free");
        let error = Lock::take(&path).expect_err("held").to_string();
        assert!(error.contains("this process holds"), "{error}");
        drop(held);
        assert!(Lock::take(&path).is_ok());
        let _gone = fs::remove_file(path);
    }
}
