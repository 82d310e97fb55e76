//! The programs of this repository that run in the guest. They are linked statically, because its initramfs has no C library.

use std::path::PathBuf;

use anyhow::Result;

use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug)]
pub(crate) struct Binaries {
    pub(crate) skexec: PathBuf,
    pub(crate) agent: PathBuf,
}

impl Binaries {
    pub(crate) fn build(cache: &Cache, report: Report) -> Result<Self> {
        report.step("build   skexec and the guest's agent, static", || {
            let mut build = cargo();
            build.current_dir(cache.workspace("")).env("RUSTFLAGS", "-C target-feature=+crt-static");
            build.args(["build", "--release", "--target", TARGET]);
            build.args(["--package", "skexec", "--bin", "skexec", "--package", "xtask", "--bin", "agent"]);
            tool::run(build.arg("--target-dir").arg(cache.target("")))
        })?;
        let built = |name: &str| cache.target(TARGET).join("release").join(name);
        Ok(Self { skexec: built("skexec"), agent: built("agent") })
    }
}
