//! skexec for another processor, for which it can verify and inspect, but not load.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use super::debians;
use crate::cache::{Cache, cargo};
use crate::fetch::{Extras, Fetch, Group};
use crate::report::Report;
use crate::tool;

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Tests that call the library and load nothing; one that starts the program would need the emulator registered with the
/// kernel.
const TESTS: [&str; 5] = ["--lib", "--test=judged", "--test=revoked", "--test=pkits", "--test=processor"];
/// The step through the forged files: both programs verify only every eighth.
const STEP: usize = 8;

pub(super) fn run(cache: &Cache, fetch: &Fetch<'_>, report: Report) -> Result<()> {
    let (rust, cross) = (fetch.extras(Group::Rust)?, fetch.extras(Group::Aarch64)?);
    let build = || command(cache, &rust, &cross);
    report.step("test    what the loader and the purgatory share, on aarch64", || {
        tool::run(build()?.args(["test", "--target", TARGET, "--package", "skexec-purgatory", "--lib"]))
    })?;
    report.step("test    the library, on aarch64", || {
        tool::run(build()?.args(["test", "--target", TARGET, "--package", "skexec"]).args(TESTS))
    })?;
    report.step("build   skexec, for aarch64 and for this machine", || {
        tool::run(build()?.args(["build", "--target", TARGET, "--package", "skexec", "--bin", "skexec"]))?;
        let mut here = cargo();
        here.current_dir(cache.workspace("")).args(["build", "--package", "skexec", "--bin", "skexec"]);
        tool::run(here.arg("--target-dir").arg(cache.target("")))
    })?;
    let there = cache.target("toolchain-aarch64").join(TARGET).join("debug/skexec");
    let both = Both { here: cache.target("debug/skexec"), emulator: emulator(&cross), there };
    report.step("compare verify and inspect of forged files on both", || both.compare(&cache.path("run/aarch64")))
}

fn emulator(cross: &Extras) -> PathBuf {
    cross.path("usr/bin/qemu-aarch64")
}

/// Debian's cargo, set to link for aarch64 and to run there. Static, so that the emulator needs no libraries.
fn command(cache: &Cache, rust: &Extras, cross: &Extras) -> Result<Command> {
    let mut command = debians(cache, rust)?;
    command.env("CARGO_TARGET_DIR", cache.target("toolchain-aarch64"));
    command.env("LD_LIBRARY_PATH", [rust.library_path(), cross.library_path()].join(OsStr::new(":")));
    let set: [(&str, OsString); 3] = [
        ("LINKER", cross.path("usr/bin/aarch64-linux-gnu-gcc").into()),
        ("RUNNER", emulator(cross).into()),
        ("RUSTFLAGS", "-C target-feature=+crt-static".into()),
    ];
    command.envs(set.map(|(name, value)| (format!("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_{name}"), value)));
    Ok(command)
}

/// The program for this machine, and the other one with its emulator.
struct Both {
    here: PathBuf,
    emulator: PathBuf,
    there: PathBuf,
}

impl Both {
    /// Both must print the same and have the same exit code.
    fn compare(&self, scratch: &Path) -> Result<()> {
        fs::create_dir_all(scratch)?;
        let (file, key) = (scratch.join("file"), scratch.join("root.pem"));
        fs::write(&key, forge::root_pem())?;
        let mut compared = 0;
        for case in forge::cases().iter().step_by(STEP) {
            fs::write(&file, &case.image)?;
            let verify = ["verify", "--json", "--no-system-trust", "--keys"].map(OsStr::new);
            for arguments in [&[&verify[..], &[key.as_os_str()]].concat()[..], &["inspect", "--json"].map(OsStr::new)] {
                let here = Command::new(&self.here).args(arguments).arg(&file).output()?;
                let there = Command::new(&self.emulator).arg(&self.there).args(arguments).arg(&file).output()?;
                ensure!(
                    here == there,
                    "{}: {}\nthere: {}",
                    case.name,
                    said(&here).context("here")?,
                    said(&there).context("there")?
                );
                compared += 1;
            }
        }
        ensure!(compared > 20, "only {compared} comparisons were made");
        Ok(())
    }
}

fn said(output: &Output) -> Result<String> {
    let code = output.status.code().context("ended by a signal")?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(format!("exit code {code}\n{out}{err}"))
}
