//! `cargo package` for both packages that can be published.

use anyhow::Result;

use crate::cache::{Cache, cargo};
use crate::report::Report;
use crate::tool;

/// Packs both packages, and builds each one from its packed files alone; skexec is built with the packed purgatory.
pub(crate) fn verify(cache: &Cache) -> Result<()> {
    Report::new().step("pack    skexec and skexec-purgatory for a registry, and build them from that", || {
        let mut package = cargo();
        package.current_dir(cache.workspace("")).args(["package", "--locked", "--offline", "--allow-dirty"]);
        package.args(["--package", "skexec-purgatory", "--package", "skexec"]);
        tool::run(package.arg("--target-dir").arg(cache.target("publish")))
    })
}
