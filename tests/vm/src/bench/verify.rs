//! `cargo xtask bench verify`: `skexec verify` compared with other verifiers, and with one SHA-256 of the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::document::Part;
use super::figures::{Aim, Table, median, ratio};
use super::{Bench, Run, version};
use crate::authority::Authority;
use crate::cache::cargo;
use crate::fetch::{Extras, Group, Series, Tools};
use crate::measure::{self, Cost};
use crate::tool;
use crate::ukify::{Parts, Ukify};

const DEBIAN_CA: &str = "keys/debian/debian-secure-boot-ca.pem";
/// The memory that a verification may use in addition to the size of the file, in KiB.
const ALLOWANCE: u64 = 8 * 1024;
/// The initrd within an image of 60 MB, in bytes.
const INITRD: usize = 46_000_000;

/// A signed file, and the certificate that its signer's chain ends in.
struct Signed {
    name: String,
    file: PathBuf,
    authority: PathBuf,
    /// osslsigncode 2.5 calls a signature by sbsign invalid.
    by_sbsign: bool,
}

const OURS: &str = "skexec verify";
const SBVERIFY: &str = "sbverify --cert";
const OPENSSL: &str = "openssl dgst -sha256";
const OSSLSIGNCODE: &str = "osslsigncode verify";

/// The median cost of one program.
struct Median {
    micros: u64,
    peak_kib: u64,
}

pub(super) fn run(run: &Run<'_>) -> Result<Part> {
    let (tools, others) = (run.fetch.tools()?, run.fetch.extras(Group::Osslsigncode)?);
    let skexec = built(run)?;
    let start = cost(Command::new(&skexec).arg("--version"), run.effort.runs)?;
    let (mut table, mut aims) = (Table::new(&["", "size", "processor time", "peak memory"]), vec![]);
    for signed in files(run, &tools)? {
        let bytes = fs::metadata(&signed.file)?.len();
        let programs = programs(&skexec, &tools, &others, &signed);
        let medians = medians(&programs, run.effort.runs)?;
        for ((name, _), Median { micros, peak_kib }) in programs.iter().zip(&medians) {
            let cells = [format!("{name}, {}", signed.name), format!("{} KB", bytes / 1000), millis(*micros)];
            table.row(cells.into_iter().chain([format!("{peak_kib} KiB")]).collect());
        }
        aims.extend(self::aims(&signed.name, bytes, &medians, start));
    }
    let text = format!(
        "{table}\nMedians of {} runs of each program, in turns; the files are in the page cache. osslsigncode 2.5 does not know \
         the signature of the UKI, which sbsign made, as one. A start of skexec without a file \
         (`--version`) takes {}. The harness's own memory counts before a program starts: a peak of less than 8 MiB is shown as \
         the harness's.\n",
        run.effort.runs,
        millis(start)
    );
    let with = vec![
        run.machine()?,
        version(Command::new(&skexec).arg("--version"))?,
        version(tools.sbverify().arg("--version"))?,
        version(others.command("osslsigncode").arg("--version"))?,
        version(tools.openssl().arg("version"))?,
    ];
    Ok(run.part(Bench::Verify, with, text, aims))
}

/// The program as the Debian package has it.
pub(super) fn built(run: &Run<'_>) -> Result<PathBuf> {
    run.report.step("build   skexec, as it is installed", || {
        let mut build = cargo();
        build.current_dir(run.cache.workspace("")).args([
            "build",
            "--release",
            "--package",
            "skexec",
            "--bin",
            "skexec",
        ]);
        tool::run(build.arg("--target-dir").arg(run.cache.target("")))
    })?;
    Ok(run.cache.target("release/skexec"))
}

/// The median time of a program, in microseconds.
pub(super) fn cost(program: &Command, runs: usize) -> Result<u64> {
    let times: Result<Vec<_>> = (0..runs).map(|_| Ok(u64::try_from(measure::cost(program)?.micros)?)).collect();
    Ok(median(times?))
}

fn files(run: &Run<'_>, tools: &Tools) -> Result<Vec<Signed>> {
    let debian = run.cache.workspace(DEBIAN_CA);
    let kernels = run.kernels()?.into_iter();
    let mut files: Vec<_> = kernels
        .map(|(name, kernel)| Signed {
            name: name.to_owned(),
            file: kernel.image,
            authority: debian.clone(),
            by_sbsign: false,
        })
        .collect();
    if !run.effort.quick {
        files.push(large(run, tools)?);
    }
    Ok(files)
}

/// A unified kernel image of 60 MB, signed by the tests' own authority.
fn large(run: &Run<'_>, tools: &Tools) -> Result<Signed> {
    let (owner, extras) = (Authority::named("the owner", run.cache, tools)?, run.fetch.extras(Group::Ukify)?);
    let (initrd, file) = (run.cache.path("run/bench.initrd"), run.cache.path("run/bench.efi"));
    let kernel = run.fetch.debian_kernel(Series::V6_1)?;
    fs::write(&initrd, vec![0x5a; INITRD])?;
    let parts = Parts { initrds: &[initrd], ..Parts::of(&kernel.image, &kernel.release, "quiet") };
    Ukify { extras, tools, signer: &owner }.image(&parts, &file)?;
    Ok(Signed { name: "UKI".to_owned(), file, authority: owner.certificate(), by_sbsign: true })
}

fn programs(skexec: &Path, tools: &Tools, others: &Extras, signed: &Signed) -> Vec<(&'static str, Command)> {
    let Signed { file, authority, by_sbsign, .. } = signed;
    let mut ours = Command::new(skexec);
    ours.args(["verify", "--json", "--no-system-trust", "--keys"]).arg(authority).arg(file);
    let (mut sbverify, mut osslsigncode, mut openssl) =
        (tools.sbverify(), others.command("osslsigncode"), tools.openssl());
    sbverify.arg("--cert").arg(authority).arg(file);
    osslsigncode.arg("verify").arg("-CAfile").arg(authority).arg("-in").arg(file);
    openssl.args(["dgst", "-sha256"]).arg(file);
    let osslsigncode = (!by_sbsign).then_some((OSSLSIGNCODE, osslsigncode));
    [(OURS, ours), (SBVERIFY, sbverify), (OPENSSL, openssl)].into_iter().chain(osslsigncode).collect()
}

/// The programs take turns, so that other load on the machine affects all alike. The first round fills the page cache.
fn medians(programs: &[(&str, Command)], runs: usize) -> Result<Vec<Median>> {
    let mut costs = vec![vec![]; programs.len()];
    for round in 0..=runs {
        for ((_, program), costs) in programs.iter().zip(&mut costs) {
            let cost = good(program)?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let middle = |costs: &[Cost], of: fn(&Cost) -> i64| {
        median(costs.iter().map(|cost| u64::try_from(of(cost)).unwrap_or_default()).collect())
    };
    let median = |costs: &Vec<Cost>| Median {
        micros: middle(costs, |cost| cost.micros),
        peak_kib: middle(costs, |cost| cost.peak_kib),
    };
    Ok(costs.iter().map(median).collect())
}

/// The cost of a run, which must find the signature good: a refusal may be cheaper.
fn good(program: &Command) -> Result<Cost> {
    let cost = measure::cost(program)?;
    ensure!(cost.exit == Some(0), "{} ended with {:?}", program.get_program().display(), cost.exit);
    Ok(cost)
}

fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// `start` is the time of skexec without a file, in microseconds.
fn aims(name: &str, bytes: u64, medians: &[Median], start: u64) -> Vec<Aim> {
    let [ours, sbverify, openssl, ..] = medians else { return vec![] };
    let limit = bytes / 1024 + ALLOWANCE;
    let time = |what: &str, peer: &Median, limit| {
        let why = format!("Of its {}, a start takes {}", millis(ours.micros), millis(start));
        Aim::at_most(format!("{name}: time, of `{what}`"), ratio(ours.micros, peer.micros), limit).because(why)
    };
    vec![
        time(OPENSSL, openssl, 1.0),
        time(SBVERIFY, sbverify, 0.65),
        Aim::at_most(format!("{name}: peak memory, of the file's size and 8 MiB"), ratio(ours.peak_kib, limit), 1.0),
    ]
}
