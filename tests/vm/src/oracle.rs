//! `cargo xtask oracle`: real kernels judge the forged files, and their answers are compared with the recorded ones and with
//! skexec's.

mod ask;
mod compare;
mod firmware;
mod record;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use forge::Case;
use forge::verdicts::Verdicts;

use crate::Oracle;
use crate::cache::Cache;
use crate::fetch::{Choice, Kernel, Series};
use crate::lab::Lab;
use crate::report::{Colour, Report};

pub(crate) use self::ask::{Session, about};
pub(crate) use self::compare::Comparison;
pub(crate) use self::firmware::Firmware;
pub(crate) use self::record::read as recorded;

use self::record::Recording;

const SERIES: [Series; 2] = [Series::V6_1, Series::V6_12];

pub(crate) fn run(cache: &Cache, options: &Oracle) -> Result<ExitCode> {
    let report = Report::new();
    report.heading("Preparing");
    let lab = Lab::open(cache, options.emulation.accel)?;
    if options.firmware {
        return about_firmware(options.record, &lab);
    }
    let cases = report.step("forge   the cases", || Ok(forge::cases()))?;
    let mut record = record::read()?;
    let mut recording = Recording::over(&record, &cases);
    let mut sessions = vec![];
    for choice in chosen(options) {
        ensure!(!options.record || matches!(choice, Choice::Debian(_)), "only Debian's own kernels are recorded");
        let kernel = lab.kernel(&choice)?;
        report.heading(format_args!("Linux {} judges", kernel.release));
        let session = judged(&cases, options.hazards, &kernel, &lab)?;
        recording.enter(&session, &kernel);
        sessions.push(session);
    }
    if options.record {
        record = recording.finish(&cases)?;
        record::write(&record)?;
        report.heading("Recorded; to rewrite docs/oracle.md, run: BLESS=1 cargo test --test oracle");
    }
    let differences: usize = sessions.iter().map(|session| told(report, &cases, session, &record)).sum();
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn about_firmware(record: bool, lab: &Lab) -> Result<ExitCode> {
    let firmware = lab.report.step("ask     the firmware", || {
        if record { Firmware::completed("oracle-firmware", lab) } else { Firmware::asked("oracle-firmware", lab) }
    })?;
    if record {
        firmware.write()?;
    }
    let changed = firmware.unlike_the_record()?;
    changed.iter().for_each(|name| lab.report.detail(Colour::Yellow, &format!("{name}: not the recorded answer")));
    let trusted = firmware.trusted();
    trusted.iter().for_each(|name| lab.report.detail(Colour::Yellow, &format!("{name}: trusted, but not loaded")));
    let differences = changed.len() + trusted.len();
    println!("\n{} files, {differences} differences", firmware.count());
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(options: &Oracle) -> Vec<Choice> {
    if options.kernel.is_empty() { SERIES.map(Choice::Debian).into() } else { options.kernel.clone() }
}

fn judged(cases: &[Case], hazards: bool, kernel: &Kernel, lab: &Lab) -> Result<Session> {
    let release = &kernel.release;
    let mut session = lab.report.step("ask     the kernel and skexec, in one guest", || {
        about(cases, &format!("oracle-{release}"), kernel, lab)
    })?;
    for case in cases.iter().filter(|case| case.hazard && hazards) {
        let name = format!("oracle-{release}-{}", case.name);
        let answer = lab
            .report
            .step(format_args!("ask     about {}", case.name), || ask::about_hazard(case, &name, kernel, lab))?;
        session.answers.insert(case.name.clone(), answer);
    }
    Ok(session)
}

/// Prints one kernel's comparison, and returns the number of differences.
fn told(report: Report, cases: &[Case], session: &Session, record: &Verdicts) -> usize {
    let comparison = Comparison::of(cases, session, record);
    for difference in comparison.differences() {
        report.detail(Colour::Yellow, difference);
    }
    println!("\n{}: {comparison}", session.boot.release);
    if session.opinions.is_empty() {
        println!("skexec did not judge the files: no efivarfs module is known for this kernel");
    }
    comparison.differences().count()
}
