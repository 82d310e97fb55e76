//! `skexec-sign`, with keys that it made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

/// The owner of a machine, who signs by `skexec-sign`.
#[derive(Debug)]
pub(crate) struct Owner {
    program: PathBuf,
    keys: PathBuf,
}

impl Owner {
    /// Builds the program and makes new keys.
    pub(crate) fn with_new_keys(keys: &Path, cache: &Cache, report: Report) -> Result<Self> {
        report.step("build   skexec-sign", || {
            tool::run(cargo().current_dir(cache.workspace("")).args(["build", "--package", "skexec-sign"]))
        })?;
        let owner = Self { program: cache.target("debug/skexec-sign"), keys: keys.to_owned() };
        if keys.exists() {
            fs::remove_dir_all(keys)?;
        }
        let mut make = Command::new(&owner.program);
        tool::run(make.arg("keys").arg(keys).args(["--name", "Example Ltd", "--no-passphrase"]))?;
        Ok(owner)
    }

    /// A file that `skexec-sign keys` made.
    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        self.keys.join(name)
    }

    /// A command that signs.
    pub(crate) fn sign(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(what).arg("--key").arg(self.key_file("signer.key"));
        command.arg("--cert").arg(self.key_file("signer.pem"));
        command
    }
}

/// The detached signature beside a file.
pub(crate) fn signature_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".p7s");
    name.into()
}
