//! `cargo xtask bench purgatory`: compares the embedded image, called as a function, with the harness's OpenSSL and with a plain
//! SHA-256 in C, which is compiled like a purgatory in C.

use anyhow::{Context, Result};

use crate::cache::{Cache, cargo};
use crate::fetch::Fetch;
use crate::report::Report;
use crate::tool;

const SOURCE: &str = "tests/bench/sha256.c";
/// The flags with which Linux compiles its purgatory (arch/x86/purgatory/Makefile): no SSE, no library; and flags for a shared library.
const FLAGS: [&str; 9] =
    ["-O2", "-mno-sse", "-mno-mmx", "-ffreestanding", "-fno-stack-protector", "-fPIC", "-shared", "-nostdlib", "-o"];

pub(super) fn run(cache: &Cache, fetch: &Fetch<'_>, report: Report, runs: usize) -> Result<bool> {
    let crypto = fetch.tools()?.path("usr/lib/x86_64-linux-gnu/libcrypto.so.3");
    let plain = cache.path("plain-sha256.so");
    report.step("build   a plain C SHA-256", || {
        let mut cc = std::process::Command::new("cc");
        tool::run(cc.args(FLAGS).arg(&plain).arg(cache.workspace(SOURCE)))
    })?;
    let mut bench = cargo();
    bench.current_dir(cache.workspace("")).args(["bench", "--quiet", "--package", "skexec", "--bench", "purgatory"]);
    bench.arg("--target-dir").arg(cache.target(""));
    bench.arg("--").arg(crypto).arg(plain).arg(runs.to_string());
    Ok(bench.status().context("cannot start cargo")?.success())
}
