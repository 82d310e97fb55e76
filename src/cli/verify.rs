//! `skexec verify`.

use super::args::VerifyArgs;
use super::output::Output;
use crate::confine;
use crate::gather::{TrustRequest, gather};
use crate::reason::Exit;
use crate::report::Report;
use crate::sources::policy::Policy;
use crate::system::System;
use crate::verify;
use std::path::{Path, PathBuf};

pub(super) fn run(system: System<'_>, args: &VerifyArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let policy = Policy::read(system.root);
    let gathered = match policy.and_then(|policy| gather(system.root, &policy, &TrustRequest::from(&args.trust))) {
        Ok(gathered) => gathered,
        Err(finding) if output.json() => {
            let refused = |file: &PathBuf| Report::refused(file, finding.clone().into(), &[]);
            output.document(&args.files.iter().map(refused).collect::<Vec<_>>())?;
            return Ok(finding.reason.exit());
        }
        Err(finding) => return output.failure(&finding),
    };
    confine::trust_is_read(system);
    for warning in &gathered.warnings {
        output.warning(warning)?;
    }
    let mut reports = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let report = verify::file(file, args.signature.as_deref(), args.profile.as_deref(), &gathered);
        if !output.json() {
            tell(file, &report, output)?;
        }
        reports.push(report);
    }
    if output.json() {
        output.document(&reports)?;
    } else if let [_, _, ..] = reports.as_slice() {
        output.fact(&summary(&reports))?;
    }
    Ok(reports.iter().map(Report::exit).max().unwrap_or(Exit::Done))
}

fn tell(file: &Path, report: &Report, output: &mut Output<'_>) -> anyhow::Result<()> {
    if let (true, Some(refusal)) = (output.quiet(), report.refusal()) {
        output.refusal(Some(file), refusal.first())?;
    }
    output.fact(&format!("{}: {}", file.display(), report.verdict()))?;
    for (key, value) in report.lines(output.site(), output.verbose()) {
        output.row(key, &value)?;
    }
    Ok(())
}

fn summary(reports: &[Report]) -> String {
    let trusted = reports.iter().filter(|report| report.trusted()).count();
    let refused = reports.len().saturating_sub(trusted);
    format!("{} files: {trusted} trusted, {refused} refused", reports.len())
}
