//! The programs and firmware images that the tests use.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::apt::Apt;
use crate::cache::Cache;

const PACKAGES: [&str; 5] = ["qemu-system-x86", "ovmf", "busybox-static", "sbsigntool", "openssl"];
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

pub(super) fn fetch(apt: &Apt, cache: &Cache) -> Result<()> {
    cache.directory("tools", |unfinished| apt.unpack_with_dependencies(&PACKAGES, unfinished)).map(drop)
}

#[derive(Debug)]
pub(crate) struct Tools {
    root: PathBuf,
}

impl Tools {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn qemu(&self) -> Command {
        let mut command = self.command("qemu-system-x86_64");
        command.env("QEMU_MODULE_DIR", self.path("usr/lib/x86_64-linux-gnu/qemu"));
        command.arg("-L").arg(self.path("usr/share/qemu")).arg("-L").arg(self.path("usr/share/seabios"));
        command
    }

    pub(crate) fn openssl(&self) -> Command {
        let mut command = self.command("openssl");
        command.env("OPENSSL_CONF", self.path("etc/ssl/openssl.cnf"));
        command
    }

    pub(crate) fn sbsign(&self) -> Command {
        self.command("sbsign")
    }

    pub(crate) fn sbverify(&self) -> Command {
        self.command("sbverify")
    }

    pub(crate) fn busybox(&self) -> PathBuf {
        self.path("bin/busybox")
    }

    /// A program that runs with the libraries it was built against, not with those of the system.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.path("usr/bin").join(name));
        command.env("LD_LIBRARY_PATH", self.library_path());
        command
    }

    pub(crate) fn library_path(&self) -> OsString {
        env::join_paths(LIBRARIES.map(|library| self.path(library))).unwrap_or_default()
    }
}
