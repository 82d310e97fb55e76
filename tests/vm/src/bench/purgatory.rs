//! `cargo xtask bench purgatory`: compares the embedded image, called as a function, with the harness's OpenSSL and with a plain
//! SHA-256 in C, which is compiled like a purgatory in C.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use super::document::Part;
use super::figures::Aim;
use super::{Bench, Run, version};
use crate::cache::cargo;
use crate::tool;

const SOURCE: &str = "tests/bench/sha256.c";
/// The flags with which Linux compiles its purgatory (arch/x86/purgatory/Makefile): no SSE, no library; and flags for a shared library.
const FLAGS: [&str; 9] =
    ["-O2", "-mno-sse", "-mno-mmx", "-ffreestanding", "-fno-stack-protector", "-fPIC", "-shared", "-nostdlib", "-o"];

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let tools = run.fetch.tools()?;
    let crypto = tools.path("usr/lib/x86_64-linux-gnu/libcrypto.so.3");
    let plain = run.cache.path("plain-sha256.so");
    run.report.step("build   a plain C SHA-256", || {
        tool::run(Command::new("cc").args(FLAGS).arg(&plain).arg(run.cache.workspace(SOURCE)))
    })?;
    let runs = run.effort.runs.to_string();
    let output = bench(run, "purgatory", &[crypto.as_os_str(), plain.as_os_str(), OsStr::new(&runs)])?;
    let printed = String::from_utf8(output.stdout)?;
    let lines = printed.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let (aims, figures): (Vec<_>, Vec<_>) = lines.partition(|line| Aim::printed(line).is_some());
    let aims: Vec<_> = aims.into_iter().filter_map(Aim::printed).collect();
    let met = aims.iter().all(|aim| aim.met);
    ensure!(!aims.is_empty() && met == output.status.success(), "the benchmark failed:\n{printed}");
    let lanes = String::from_utf8(bench(run, "lanes", &[OsStr::new(&runs)])?.stdout)?;
    let text = format!(
        "```text\n{}\n```\n\nThe same functions by the number of streams that are hashed side by side:\n\n```text\n{}\n```\n",
        figures.join("\n"),
        lanes.trim()
    );
    let with =
        vec![run.machine()?, version(tools.openssl().arg("version"))?, version(Command::new("cc").arg("--version"))?];
    Ok(run.part(Bench::Purgatory, with, text, aims))
}

fn bench(run: &Run<'_>, name: &str, arguments: &[&OsStr]) -> Result<Output> {
    let mut bench = cargo();
    bench.current_dir(run.cache.workspace("")).args(["bench", "--quiet", "--package", "skexec", "--bench", name]);
    bench.arg("--target-dir").arg(run.cache.target("")).arg("--").args(arguments);
    bench.stderr(Stdio::inherit()).output().context("cannot start cargo")
}
