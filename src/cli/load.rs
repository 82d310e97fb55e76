//! `skexec load`.

use super::args::LoadArgs;
use super::output::Output;
use crate::load::{self, CmdlineSource, Outcome, Plan, Request};
use crate::reason::Exit;
use crate::report::Report;
use crate::system::{Slot, System};
use serde::Serialize;

/// One file's report, and what was done.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    plan: Option<&'a Plan>,
    loaded: bool,
}

pub(super) fn run(system: System<'_>, args: &LoadArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut said = Ok(());
    let outcome = load::load(system, &request(args), &mut |line| {
        if said.is_ok() {
            said = output.step(line);
        }
    })?;
    said?;
    for warning in &outcome.warnings {
        output.warning(warning)?;
    }
    if output.json() {
        output.document(&Document { report: &outcome.report, plan: outcome.plan.as_ref(), loaded: outcome.loaded })?;
    } else {
        tell(args, &outcome, output)?;
    }
    Ok(outcome.exit())
}

fn request(args: &LoadArgs) -> Request {
    let cmdline = match &args.cmdline {
        _ if args.reuse_cmdline => CmdlineSource::Reuse(args.cmdline_remove.clone()),
        given => CmdlineSource::Given(given.clone().unwrap_or_default()),
    };
    Request {
        kernel: args.kernel.clone(),
        initrds: args.initrd.clone(),
        cmdline,
        append: args.append.clone(),
        trust: (&args.trust).into(),
        signature: args.signature.clone(),
        slot: Slot::of(args.panic),
        dry_run: args.dry_run,
        insecure_unsigned: args.insecure_unsigned,
    }
}

fn tell(args: &LoadArgs, outcome: &Outcome, output: &mut Output<'_>) -> anyhow::Result<()> {
    if let (true, Some(plan)) = (args.dry_run, &outcome.plan) {
        plan_lines(args, plan, output)?;
    }
    match outcome.report.findings().first() {
        Some(finding) => output.refusal(Some(&args.kernel), finding)?,
        None if outcome.loaded => {
            let who = outcome.report.signer().map_or_else(|| "NOT VERIFIED".into(), |who| format!("signed by {who}"));
            output.fact(&format!("{}: loaded by kexec_file_load, {who}", args.kernel.display()))?;
        }
        None => {}
    }
    Ok(())
}

fn plan_lines(args: &LoadArgs, plan: &Plan, output: &mut Output<'_>) -> anyhow::Result<()> {
    output.fact(&format!("{}: would be loaded by kexec_file_load", args.kernel.display()))?;
    output.row("kernel", &format!("{} bytes, init_size {} bytes", plan.kernel_bytes, plan.init_size))?;
    for initrd in &plan.initrds {
        output.row("initrd", &initrd.display().to_string())?;
    }
    if plan.initrds.is_empty() {
        output.row("initrd", "none")?;
    } else {
        output.row("", &format!("{} bytes in all", plan.initrd_bytes))?;
    }
    output.row("cmdline", &plan.cmdline)?;
    let flags = if plan.flags.is_empty() { "none".to_owned() } else { plan.flags.join(" | ") };
    output.row("flags", &flags)?;
    let limit = plan.memory_limit.map(|limit| format!(" of at most {} MiB", limit >> 20)).unwrap_or_default();
    output.row("memory", &format!("{} MiB{limit}", plan.memory_bytes >> 20))?;
    output.row("basis", plan.basis)?;
    Ok(())
}
