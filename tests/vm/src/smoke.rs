//! Every command of the harness, run once: `cargo xtask test --all` shows that each works.
//!
//! The result of a benchmark does not count as a check, because other load on the machine affects it.

use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

use crate::bench::{self, Bench, Effort};
use crate::cache::Cache;
use crate::fetch::{Choice, Series};
use crate::machine::Accel;
use crate::toolchains::{self, Toolchain};
use crate::{Demo, Emulation, Kernels, Oracle, Shell};
use crate::{
    causes, covered, crates, deb, demo, fetch, fuzz, licences, measure, mutants, openssl, oracle, pkcs11, publish,
    real_files, reproducible, rpm, shell, shells, siege, size,
};

/// Runs a command as a check.
#[derive(Debug)]
pub(crate) struct Smoke {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Cache) -> Result<()>,
}

const EFFORT: Effort = Effort { runs: 1, quick: true };
const EMULATION: Emulation = Emulation { accel: Accel::Tcg };
const DEBIANS: Kernels = Kernels { kernel: None, first_kernel: None };

/// The one that runs without `--all`, too: what is not checked at every change is not reproducible for long.
const REPRODUCIBLE: &str = "reproducible";

#[rustfmt::skip]
pub(crate) const ALL: [Smoke; 32] = [
    Smoke { name: "command-fetch", about: "cargo xtask fetch", run: |cache| fetch(cache, false) },
    Smoke { name: "command-demo", about: "cargo xtask demo",
            run: |cache| demo::run(cache, &Demo { kernels: DEBIANS, initrd: None, emulation: EMULATION }) },
    Smoke { name: "command-oracle", about: "cargo xtask oracle --kernel 6.1", run: oracle },
    Smoke { name: "command-shell", about: "cargo xtask shell, where `exit` is typed", run: shell },
    Smoke { name: "command-deb", about: "cargo xtask deb", run: |cache| deb::run(cache, true) },
    Smoke { name: "command-rpm", about: "cargo xtask rpm", run: rpm::run },
    Smoke { name: "command-real-files", about: "cargo xtask real-files",
            run: |cache| real_files::run(cache, &cache.path("run/real-files.md")) },
    Smoke { name: "command-causes", about: "cargo xtask causes, its first machine", run: causes::check },
    Smoke { name: "command-bench-verify", about: "cargo xtask bench verify --quick", run: |cache| bench(cache, Bench::Verify) },
    Smoke { name: "command-bench-load", about: "cargo xtask bench load --quick", run: |cache| bench(cache, Bench::Load) },
    Smoke { name: "command-bench-downtime", about: "cargo xtask bench downtime --quick",
            run: |cache| bench(cache, Bench::Downtime) },
    Smoke { name: "command-bench-settings", about: "cargo xtask bench settings --quick",
            run: |cache| bench(cache, Bench::Settings) },
    Smoke { name: "command-bench-purgatory", about: "cargo xtask bench purgatory --quick",
            run: |cache| bench(cache, Bench::Purgatory) },
    Smoke { name: "command-bench-size", about: "cargo xtask bench size --quick", run: |cache| bench(cache, Bench::Size) },
    Smoke { name: "command-bench-reboot", about: "cargo xtask bench reboot --quick",
            run: |cache| bench(cache, Bench::Reboot) },
    Smoke { name: "command-measure", about: "cargo xtask measure",
            run: |_| measure::cost(Command::new("find").arg("/usr/bin")).map(drop) },
    Smoke { name: "command-siege", about: "cargo xtask siege, its shortest, with one guest",
            run: |cache| siege::check(cache, EMULATION) },
    Smoke { name: "command-fuzz", about: "cargo xtask fuzz, one target for two seconds", run: fuzz::check },
    Smoke { name: "command-coverage", about: "cargo xtask coverage, without its page", run: covered::check },
    Smoke { name: "command-mutants", about: "cargo xtask mutants, those of one file", run: mutants::check },
    Smoke { name: "openssl", about: "OpenSSL accepts each signature that skexec accepts", run: openssl::run },
    Smoke { name: "command-size", about: "cargo xtask size: docs/size.md, below 2 MB", run: size::check },
    Smoke { name: "cargo-package", about: "cargo package builds from the packed files", run: publish::verify },
    Smoke { name: "licences", about: "deny.toml, by cargo-deny", run: licences::deny },
    Smoke { name: "completions", about: "zsh and fish offer what the completions ask for", run: shells::run },
    Smoke { name: "sign-pkcs11", about: "skexec-sign signs with keys in SoftHSM", run: pkcs11::run },
    Smoke { name: "command-crates", about: "cargo xtask crates",
            run: |cache| crates::run(&cache.workspace(""), &cache.path("run/crates.md")) },
    Smoke { name: REPRODUCIBLE, about: "program and package are the same, built in two directories",
            run: reproducible::loader },
    Smoke { name: "command-reproducible", about: "cargo xtask reproducible", run: reproducible::run },
    Smoke { name: "toolchain-debian", about: "Debian's own Rust builds and tests skexec",
            run: |cache| toolchains::run(cache, Some(Toolchain::Debian)) },
    Smoke { name: "toolchain-linkers", about: "the purgatory's gates hold with Debian's lld and GNU ld",
            run: |cache| toolchains::run(cache, Some(Toolchain::Linkers)) },
    Smoke { name: "toolchain-aarch64", about: "verify and inspect on another processor",
            run: |cache| toolchains::run(cache, Some(Toolchain::Aarch64)) },
];

impl Smoke {
    /// Whether it runs without `--all`.
    pub(crate) fn representative(&self) -> bool {
        self.name == REPRODUCIBLE
    }

    /// Whether it runs while the guests do: it needs one processor, and none of their files.
    pub(crate) fn is_beside_the_guests(&self) -> bool {
        self.name == REPRODUCIBLE
    }
}

fn oracle(cache: &Cache) -> Result<()> {
    let kernel = vec![Choice::Debian(Series::V6_1)];
    let code =
        oracle::run(cache, &Oracle { kernel, hazards: false, firmware: false, record: false, emulation: EMULATION })?;
    ensure!(code == ExitCode::SUCCESS, "the kernel's answers differ from the record or from skexec's");
    Ok(())
}

fn shell(cache: &Cache) -> Result<()> {
    let options = Shell { bios: true, kernels: DEBIANS, initrd: None, emulation: EMULATION };
    shell::run(cache, &options, Some("skexec --version\nexit\n"))
}

fn bench(cache: &Cache, which: Bench) -> Result<()> {
    if !bench::run(cache, Some(which), EFFORT)? {
        println!("a limit was exceeded; this run only shows that the benchmark works");
    }
    Ok(())
}
