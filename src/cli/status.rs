//! `skexec status`.

use super::args::StatusArgs;
use super::output::Output;
use crate::diagnose::Status;
use crate::load::{CmdlineSource, Outcome, Request, load};
use crate::reason::Exit;
use crate::report::Report;
use crate::segments::Options;
use crate::system::{Slot, System};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    status: &'a Status,
    kernel: Option<&'a Report>,
    /// Whether the kernel's signature is proved.
    kernel_trusted: Option<bool>,
    /// Whether this machine would load it.
    kernel_loadable: Option<bool>,
    /// The running kernel's keys that the kernel's signature leads to.
    kernel_keys: Option<&'a [String]>,
}

pub(super) fn run(system: System<'_>, args: &StatusArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let status = Status::read(system.root, &(&args.trust).into());
    let outcome = args.kernel.as_deref().map(|kernel| would(system, kernel, args)).transpose()?;
    let report = outcome.as_ref().map(|outcome| &outcome.report);
    if output.json() {
        output.document(&Document {
            status: &status,
            kernel: report,
            kernel_trusted: report.map(Report::trusted),
            kernel_loadable: report.map(|report| report.refusal().is_none()),
            kernel_keys: outcome.as_ref().map(|outcome| outcome.keys.as_slice()),
        })?;
    } else {
        for (key, value) in status.lines() {
            output.row(key, &value)?;
        }
    }
    if let (Some(kernel), Some(outcome)) = (&args.kernel, &outcome) {
        for warning in &outcome.warnings {
            output.warning(warning)?;
        }
        if !output.json() {
            is_trusted(kernel, &outcome.report, output)?;
            is_loadable(kernel, outcome, output)?;
        }
    }
    Ok(outcome.map_or(status.exit(), |outcome| outcome.exit()))
}

/// The first answer: who signed the file, on any machine with these keys.
fn is_trusted(kernel: &Path, report: &Report, output: &mut Output<'_>) -> anyhow::Result<()> {
    if let (true, Some(refusal)) = (output.quiet(), report.refusal()) {
        output.refusal(Some(kernel), refusal.first())?;
    }
    output.fact(&format!("{}: {}", kernel.display(), if report.trusted() { "trusted" } else { "not trusted" }))?;
    let against = if report.trusted() { Vec::new() } else { report.refusal_lines(output.site()) };
    for (key, value) in against.into_iter().chain(report.file_lines(output.verbose())) {
        output.row(key, &value)?;
    }
    Ok(())
}

/// The second answer: what this machine would do with it.
fn is_loadable(kernel: &Path, outcome: &Outcome, output: &mut Output<'_>) -> anyhow::Result<()> {
    let report = &outcome.report;
    let answer = match (report.refusal(), report.trusted()) {
        (None, true) => "can be loaded on this machine",
        (None, false) => "can be loaded on this machine, because the policy waives the signature",
        (Some(_), true) => "cannot be loaded on this machine",
        (Some(_), false) => "cannot be loaded on this machine, because it is not trusted",
    };
    output.fact(&format!("{}: {answer}", kernel.display()))?;
    if report.trusted() {
        for (key, value) in report.refusal_lines(output.site()) {
            output.row(key, &value)?;
        }
    }
    if let (None, Some(plan)) = (report.refusal(), &outcome.plan) {
        output.row("method", &format!("{}: {}", plan.method, plan.why))?;
    }
    for (index, key) in outcome.keys.iter().enumerate() {
        output.row(if index == 0 { "held" } else { "" }, key)?;
    }
    Ok(())
}

/// What a load of this kernel alone would come to.
fn would(system: System<'_>, kernel: &Path, args: &StatusArgs) -> anyhow::Result<Outcome> {
    let request = Request {
        kernel: Some(kernel.to_owned()),
        entry: None,
        manifest: None,
        profile: None,
        initrds: Vec::new(),
        no_initrd: false,
        kernel_alone: true,
        cmdline: CmdlineSource::Unsaid,
        inject: Vec::new(),
        append: Vec::new(),
        trust: (&args.trust).into(),
        signature: None,
        slot: Slot::Reboot,
        method: None,
        segments: Options::default(),
        dry_run: true,
        segment_digests: false,
        count_loads: false,
        lock: false,
        require_signed_initrd: false,
        insecure_unsigned: false,
    };
    load(system, &request, &mut |_| ())
}
