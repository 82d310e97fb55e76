//! `cargo xtask deb`: the package, as Debian and its derivatives install it, and what lintian says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::{Cache, cargo};
use crate::fetch::{Fetch, Group};
use crate::report::Report;
use crate::tool;

/// The version that made and tested the package.
const CARGO_DEB: &str = "3.8.0";
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Makes the package; its path.
pub(crate) fn build(cache: &Cache, report: Report) -> Result<PathBuf> {
    let target = cache.target("deb");
    report.step("build   skexec for the package, linked to the system's C library", || compile(cache, &target))?;
    generate(&target.join("release"))?;
    let cargo_deb = cargo_deb(cache, report)?;
    let output = target.join("package");
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    report.step("pack    the package", || {
        let mut pack = Command::new(cargo_deb);
        pack.current_dir(cache.workspace("")).env("CARGO_TARGET_DIR", &target);
        tool::run(pack.args(["--no-build", "--package", "skexec", "--output"]).arg(&output))
    })?;
    let package = fs::read_dir(&output)?.next().context("cargo-deb made no package")??;
    Ok(package.path())
}

/// Builds the package and shows what it holds and what lintian says.
pub(crate) fn run(lint: bool) -> Result<()> {
    let cache = Cache::open()?;
    let report = Report::new();
    let package = build(&cache, report)?;
    println!("{}", tool::stdout(Command::new("dpkg-deb").arg("--info").arg(&package))?);
    println!("{}", tool::stdout(Command::new("dpkg-deb").arg("--contents").arg(&package))?);
    if lint {
        let lintian = Fetch::new(&cache, report).extras(Group::Lintian)?;
        let said = tool::stdout(&mut lintian.lintian(&package))?;
        println!("lintian:\n{said}");
    }
    println!("{}", package.display());
    Ok(())
}

/// No path of the builder's home in the program: it would stand in the package.
fn compile(cache: &Cache, target: &Path) -> Result<()> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut flags = format!("--remap-path-prefix={}=skexec", cache.workspace("").display());
    if let Some(home) = home {
        flags += &format!(" --remap-path-prefix={}=cargo", home.display());
    }
    let mut build = cargo();
    build.current_dir(cache.workspace("")).env("RUSTFLAGS", flags);
    build.args(["build", "--locked", "--release", "--package", "skexec", "--bin", "skexec", "--target-dir"]);
    tool::run(build.arg(target))
}

/// What the program prints of itself, where Cargo.toml's list of the package's files has it.
fn generate(release: &Path) -> Result<()> {
    let (skexec, dist) = (release.join("skexec"), release.join("dist"));
    fs::create_dir_all(&dist)?;
    let page = dist.join("skexec.8");
    fs::write(&page, tool::stdout(Command::new(&skexec).arg("man"))?)?;
    tool::run(Command::new("gzip").args(["-9", "-n", "-f"]).arg(&page))?;
    for shell in SHELLS {
        let script = tool::stdout(Command::new(&skexec).args(["completions", shell]))?;
        fs::write(dist.join(format!("skexec.{shell}")), script)?;
    }
    Ok(())
}

/// Installed once, below the cache.
fn cargo_deb(cache: &Cache, report: Report) -> Result<PathBuf> {
    let directory = format!("cargo-deb-{CARGO_DEB}");
    let program = cache.path(&directory).join("bin/cargo-deb");
    if !program.exists() {
        report.step(format_args!("fetch   cargo-deb {CARGO_DEB}, and build it"), || {
            cache.directory(&directory, |unfinished| {
                let mut install = cargo();
                install.args(["install", "--locked", "--version", CARGO_DEB, "cargo-deb", "--root"]).arg(unfinished);
                tool::run(install.arg("--target-dir").arg(unfinished.join("build")))?;
                Ok(fs::remove_dir_all(unfinished.join("build"))?)
            })
        })?;
    }
    Ok(program)
}
