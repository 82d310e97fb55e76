//! `cargo xtask toolchains`: skexec built by the compilers and linkers that a distribution has, and for another processor.

mod aarch64;

use std::env;
use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::cache::{Cache, cargo};
use crate::fetch::{Extras, Fetch, Group};
use crate::report::Report;
use crate::tool;

/// The toolchains for building skexec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Toolchain {
    /// Debian's rustc-web and cargo-web in place of rustup's, with GNU ld for the purgatory
    Debian,
    /// The purgatory's gates with Debian's lld and with GNU ld
    Linkers,
    /// Debian's Rust for aarch64; verify, inspect and their tests run under qemu-user
    Aarch64,
}

/// Runs one of them, or all.
pub(crate) fn run(cache: &Cache, which: Option<Toolchain>) -> Result<()> {
    let report = Report::new();
    let fetch = Fetch::new(cache, report);
    for toolchain in which.as_ref().map_or(Toolchain::value_variants(), std::slice::from_ref) {
        match toolchain {
            Toolchain::Debian => debian(cache, &fetch, report)?,
            Toolchain::Linkers => linkers(cache, &fetch, report)?,
            Toolchain::Aarch64 => aarch64::run(cache, &fetch, report)?,
        }
    }
    Ok(())
}

fn debian(cache: &Cache, fetch: &Fetch<'_>, report: Report) -> Result<()> {
    let rust = fetch.extras(Group::Rust)?;
    report.step("build   skexec, by Debian's Rust", || {
        tool::run(debians(cache, &rust)?.args(["build", "--package", "skexec", "--bin", "skexec"]))
    })?;
    let skexec = cache.target("toolchain-debian/debug/skexec");
    let version = tool::stdout(Command::new(skexec).arg("--version"))?;
    report.step(format_args!("test    {}, by Debian's Rust", version.trim()), || {
        tool::run(debians(cache, &rust)?.args(["test", "--package", "skexec", "--lib", "--test", "purgatory"]))
    })
}

/// Debian's cargo, which calls Debian's rustc; crates come from where the harness's own came from.
fn debians(cache: &Cache, rust: &Extras) -> Result<Command> {
    let mut command = rust.command("cargo");
    command.current_dir(cache.workspace(""));
    command.env("RUSTC", rust.path("usr/bin/rustc")).env("RUSTDOC", rust.path("usr/bin/rustdoc"));
    command.env("PATH", without_rustup()?).env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTUP_HOME");
    command.env("CARGO_TARGET_DIR", cache.target("toolchain-debian"));
    // Debug information is not needed and makes the build slower.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0").env("CARGO_NET_OFFLINE", "true");
    Ok(command)
}

/// The path without the directories where rustup has its programs.
fn without_rustup() -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(env::split_paths(&path).filter(|place| !place.join("rustup").exists()))?)
}

fn linkers(cache: &Cache, fetch: &Fetch<'_>, report: Report) -> Result<()> {
    let linkers = fetch.extras(Group::Linkers)?;
    let programs = ["ld.lld", "x86_64-linux-gnu-ld"].map(|name| linkers.path("usr/bin").join(name));
    report.step("test    the purgatory's gates with Debian's lld and GNU ld", || {
        let mut test = cargo();
        test.current_dir(cache.workspace("")).args(["test", "--package", "skexec", "--test", "purgatory_build"]);
        test.env("SKEXEC_TEST_LINKERS", env::join_paths(programs)?);
        test.env("LD_LIBRARY_PATH", linkers.library_path());
        tool::run(&mut test)
    })
}
