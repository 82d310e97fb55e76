//! The fuzz targets' programs, by cargo-fuzz and a nightly compiler.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::FOLDER;
use crate::cache::{self, Cache};
use crate::report::Report;
use crate::tool;

const VERSION: &str = "0.13.2";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// How a target is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// With AddressSanitizer, as cargo-fuzz does it.
    Address,
    /// Without a sanitizer, and without coverage of big numbers and hashes: twenty times as fast where signatures are verified.
    Plain,
}

/// Those that verify signatures.
const PLAIN: [&str; 5] = ["chain", "commands", "judge", "kernel", "trusted"];

impl Build {
    pub(crate) fn of(target: &str) -> Self {
        if PLAIN.contains(&target) { Self::Plain } else { Self::Address }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Plain => "plain",
        }
    }

    fn folder(self, cache: &Cache) -> PathBuf {
        cache.path(format!("fuzz/{}", self.name()))
    }
}

/// The programs.
#[derive(Debug)]
pub(crate) struct Fuzzer {
    /// The seeds of each target, in a folder of its name.
    pub(crate) seeds: PathBuf,
}

impl Fuzzer {
    pub(crate) fn build(cache: &Cache, report: Report, targets: &[String]) -> Result<Self> {
        ensure!(has_nightly(), "libFuzzer needs a nightly compiler: rustup toolchain install nightly");
        let program = cache::installed(cache, report, "cargo-fuzz", VERSION)?;
        for target in targets {
            report.step(format_args!("build   {target}"), || build(cache, &program, target))?;
        }
        let seeds = cache.path("fuzz/seeds");
        let mut write = cache::cargo();
        write.current_dir(cache.workspace(""));
        tool::run(write.args(["run", "--quiet", "--package", "properties", "--example", "write-seeds"]).arg(&seeds))?;
        Ok(Self { seeds })
    }

    pub(crate) fn program(cache: &Cache, target: &str) -> PathBuf {
        Build::of(target).folder(cache).join(TRIPLE).join("release").join(target)
    }
}

/// cargo and rustc of the nightly toolchain, whichever runs this program.
fn nightly(mut command: Command) -> Command {
    command.env("RUSTUP_TOOLCHAIN", "nightly").stdin(Stdio::null());
    for own in ["CARGO", "RUSTC", "RUSTDOC", "CARGO_TARGET_DIR"] {
        command.env_remove(own);
    }
    command
}

pub(crate) fn has_nightly() -> bool {
    let mut rustc = nightly(Command::new("rustc"));
    rustc.arg("--version").output().is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("nightly"))
}

fn build(cache: &Cache, program: &Path, target: &str) -> Result<()> {
    let (build, folder) = (Build::of(target), cache.workspace(FOLDER));
    let mut cargo_fuzz = nightly(Command::new(program));
    cargo_fuzz.current_dir(&folder).args(["fuzz", "build", "--fuzz-dir", ".", "--target-dir"]).arg(build.folder(cache));
    if build == Build::Plain {
        cargo_fuzz.env("RUSTC_WRAPPER", folder.join("uncovered.sh")).args(["-s", "none", "--no-trace-compares"]);
    }
    tool::run(cargo_fuzz.arg(target)).with_context(|| target.to_owned())
}
