//! `cargo xtask bench`: the cost of skexec compared with that of other programs, and the pages with the figures.

mod counted;
mod document;
mod downtime;
mod figures;
mod load;
mod purgatory;
mod reboot;
mod size;
mod svg;
mod verify;
mod ways;

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use self::document::{Page, Part};
use crate::cache::Cache;
use crate::fetch::{Choice, Fetch, Group, Kernel, Series};
use crate::lab::Lab;
use crate::machine::Accel;
use crate::real_files::LINUX_6_1;
use crate::report::Report;
use crate::tool;

const BENCHMARKS: &str = "docs/benchmarks.md";
const DOWNTIME: &str = "docs/downtime.md";

/// The benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// Time and memory of `skexec verify`, against sbverify, osslsigncode and openssl
    Verify,
    /// Instructions, memory and bytes read by `skexec load` in a guest, against kexec-tools
    Load,
    /// The guest's instructions from reboot(2) to the second kernel's first line and first program, part by part
    Downtime,
    /// What a user's settings change in the downtime, written to docs/downtime.md
    Settings,
    /// The purgatory's own object code against OpenSSL and a plain C SHA-256
    Purgatory,
    /// The size of the static program, what an initramfs gets, the time of a start
    Size,
    /// The wall time from the command to the login prompt of a whole Debian, against kexec-tools and the firmware
    Reboot,
}

/// The size of the benchmarks.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Effort {
    /// How often each program is run whose time is measured; instructions are counted once
    #[arg(long, default_value_t = 25)]
    pub(crate) runs: usize,
    /// Measure only one small figure of each kind, and leave the pages in docs/ as they are
    #[arg(long)]
    pub(crate) quick: bool,
}

/// One run of the command.
struct Run<'a> {
    cache: &'a Cache,
    fetch: Fetch<'a>,
    report: Report,
    effort: Effort,
    benchmarks: Page,
    downtime: Page,
}

/// Runs one of the benchmarks, or all; returns whether every aim was met.
pub(crate) fn run(cache: &Cache, which: Option<Bench>, effort: Effort) -> Result<bool> {
    ensure!(effort.runs > 0, "--runs must be at least 1");
    fs::create_dir_all(cache.path("run"))?;
    let report = Report::new();
    let page = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        Page::of(cache.workspace(name), effort.quick.then(|| cache.path("run").join(file)))
    };
    let (benchmarks, downtime) = (page(BENCHMARKS)?, page(DOWNTIME)?);
    let run = Run { cache, fetch: Fetch::new(cache, report), report, effort, benchmarks, downtime };
    let mut met = true;
    for bench in which.as_ref().map_or(Bench::value_variants(), std::slice::from_ref) {
        let part = run.measure(*bench)?;
        if *bench == Bench::Settings { &run.downtime } else { &run.benchmarks }.write(&part)?;
        println!("\n{}", part.markdown());
        met &= part.met();
    }
    Ok(met)
}

impl<'a> Run<'a> {
    fn measure(&self, bench: Bench) -> Result<Part> {
        match bench {
            Bench::Verify => verify::run(self),
            Bench::Load => load::run(self),
            Bench::Downtime => downtime::run(self),
            Bench::Settings => downtime::settings::run(self),
            Bench::Purgatory => purgatory::run(self),
            Bench::Size => size::run(self),
            Bench::Reboot => reboot::run(self),
        }
    }

    fn lab(&self) -> Result<Lab<'a>> {
        Lab::open(self.cache, Accel::Tcg)
    }

    /// Kernels with three ways of compression, by name; only one in a quick run.
    fn kernels(&self) -> Result<Vec<(&'static str, Kernel)>> {
        let lz4 = ("6.1 cloud (lz4)", self.fetch.debian_kernel(Series::V6_1)?);
        if self.effort.quick {
            return Ok(vec![lz4]);
        }
        let generic = self.fetch.package(&LINUX_6_1)?.directory.join("vmlinuz");
        let xz = ("6.1 amd64 (xz)", self.fetch.kernel(&Choice::File(generic))?);
        Ok(vec![xz, lz4, ("6.12 cloud (zstd)", self.fetch.debian_kernel(Series::V6_12)?)])
    }

    /// The part that a benchmark returns, which names its command.
    fn part(&self, bench: Bench, with: Vec<String>, text: String, aims: Vec<figures::Aim>) -> Part {
        let name = bench.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        Part { command: format!("cargo xtask bench {name}"), name, with, text, aims }
    }

    /// The versions that matter where instructions of a guest are counted.
    fn of_guest(&self, lab: &Lab<'_>) -> Result<Vec<String>> {
        let qemu = version(lab.tools.qemu().arg("--version"))?;
        let extras = lab.extras(Group::KexecTools)?;
        let mut kexec = Command::new(extras.path("sbin/kexec"));
        kexec.env("LD_LIBRARY_PATH", extras.library_path()).arg("--version");
        let ours = version(Command::new(&lab.binaries().skexec).arg("--version"))?;
        Ok(vec![format!("{qemu}, one processor `max`, `-icount shift=0`"), ours, version(&mut kexec)?])
    }

    /// The machine, which matters where time is measured.
    fn machine(&self) -> Result<String> {
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let models: Vec<_> = processors.lines().filter_map(|line| line.strip_prefix("model name\t: ")).collect();
        let model = models.first().copied().unwrap_or("an unknown processor");
        let linux = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        Ok(format!("{} processors {model}, Linux {}", models.len(), linux.trim()))
    }
}

/// The name and version of a program, without what some of them print behind.
fn version(command: &mut Command) -> Result<String> {
    Ok(tool::stdout(command)?.split(['\n', ',', '(']).next().unwrap_or_default().trim().to_owned())
}
