//! `skexec load`.

use super::args::{self, LoadArgs};
use super::asked::asked;
use super::choice;
use super::output::Output;
use super::plan;
use crate::authorize::{Binding, lasts};
use crate::entries::Choice;
use crate::load::{self, CmdlineSource, Outcome, Plan, Request};
use crate::reason::{Exit, Finding, Refusal};
use crate::record::{Asked, Records};
use crate::report::Report;
use crate::sources::Root;
use crate::system::{Method, Slot, System};
use serde::Serialize;
use std::path::Path;

/// One file's report, and what was done.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    plan: Option<&'a Plan>,
    loaded: bool,
    /// Whether --lock took effect; nothing without it, or where nothing was loaded.
    locked: Option<bool>,
    /// The boot entry that named the kernel.
    boot_entry: Option<&'a str>,
}

impl<'a> Document<'a> {
    pub(super) fn of(request: &'a Request, outcome: &'a Outcome) -> Self {
        let Outcome { report, plan, loaded, locked, .. } = outcome;
        let (plan, boot_entry) = (plan.as_ref(), request.entry.as_deref());
        Self { report, plan, loaded: *loaded, locked: *locked, boot_entry }
    }
}

/// What a command asks for.
///
/// # Errors
/// That there is no such entry or version.
pub(super) fn find(args: &LoadArgs, root: &Root, words: Option<&[String]>) -> Result<Request, Finding> {
    let found = args.choice.find(root)?;
    let request = request(args, found.clone());
    let asked = match found {
        Some(found) => asked(words, &found, &request),
        // A version and an entry name files; a path may be that of a pipe.
        None if args.panic && request.kernel.as_deref().is_none_or(lasts) => {
            asked(words, &Choice::default(), &request).map(|asked| Asked { by_path: true, ..asked })
        }
        None => None,
    };
    Ok(Request { asked, ..request })
}

pub(super) fn run(
    system: System<'_>,
    args: &LoadArgs,
    words: Option<&[String]>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let request = match find(args, system.root, words) {
        Ok(found) => Request { segment_digests: args.how.dry_run || output.json(), ..found },
        Err(finding) => return output.failure(&finding),
    };
    let outcome = carry_out(system, &request, None, output)?;
    if output.json() {
        output.document(&Document::of(&request, &outcome))?;
    } else if let (true, Some(plan)) = (args.how.dry_run, &outcome.plan) {
        plan::tell(&request, plan, &outcome.report, output)?;
    }
    tell(&request, &outcome, output)?;
    Ok(outcome.exit())
}

/// Loads, shows the steps or the progress meanwhile, and prints the warnings. The lock is for a caller that has it already.
pub(super) fn carry_out(
    system: System<'_>,
    request: &Request,
    records: Option<&Records>,
    output: &mut Output<'_>,
) -> anyhow::Result<Outcome> {
    let progress = output.progress();
    let outcome = load::load_under(system, request, records, &mut |event| {
        progress.note(&event);
        output.step(&event.to_string());
    });
    drop(progress);
    let outcome = outcome?;
    for warning in &outcome.warnings {
        output.warning(warning)?;
    }
    Ok(outcome)
}

/// What is to be loaded: the options come before what the choice of the kernel brings.
pub(super) fn request(args: &LoadArgs, found: Option<Choice>) -> Request {
    let kernel = found.as_ref().map(|choice| choice.kernel.clone()).or_else(|| args.choice.kernel.clone());
    let choice = found.unwrap_or_default();
    let cmdline = match &args.cmdline {
        _ if args.reuse_cmdline => CmdlineSource::Reuse(args.cmdline_remove.clone()),
        _ if args.no_cmdline => CmdlineSource::Given(String::new()),
        Some(given) => CmdlineSource::Given(given.clone()),
        // What was guessed for a version is no reason to refuse what its manifest says.
        None if choice.entry.is_none() && is_bound(args, kernel.as_deref()) => CmdlineSource::Unsaid,
        None => choice::cmdline(choice.options),
    };
    let initrds = if args.more.no_initrd || !args.initrd.is_empty() { args.initrd.clone() } else { choice.initrds };
    Request {
        kernel,
        entry: choice.entry,
        asked: None,
        manifest: args.manifest.clone(),
        profile: args.profile.clone().or_else(|| choice.profile.map(|number| number.to_string())),
        initrds,
        no_initrd: args.more.no_initrd,
        kernel_alone: choice.complete,
        inject: args.more.inject.all(),
        cmdline,
        append: args.how.append.clone(),
        trust: (&args.how.trust).into(),
        signature: args.signature.clone(),
        slot: Slot::of(args.panic),
        method: match args.how.method {
            args::Method::Auto => None,
            args::Method::File => Some(Method::File),
            args::Method::Segments => Some(Method::Segments),
        },
        segments: (&args.how.segments).into(),
        dry_run: args.how.dry_run,
        segment_digests: false,
        count_loads: args.count_loads,
        lock: args.lock,
        require_signed_initrd: args.more.require_signed_initrd,
        insecure_unsigned: args.how.insecure_unsigned,
        more_follows: false,
    }
}

/// Whether a manifest, which also names the command line, will be used.
pub(super) fn is_bound(args: &LoadArgs, kernel: Option<&Path>) -> bool {
    args.manifest.is_some() || kernel.and_then(Binding::beside).is_some()
}

/// Prints what was done or refused. With --json the document has it already; the system's log gets it in any case.
pub(super) fn tell(request: &Request, outcome: &Outcome, output: &mut Output<'_>) -> anyhow::Result<()> {
    let kernel = outcome.report.path();
    match outcome.report.refusal().map(Refusal::first) {
        Some(finding) if output.json() => output.refusal_in_json(kernel, finding),
        Some(finding) => output.refusal(Some(kernel), finding)?,
        None if outcome.loaded => {
            let who = outcome.report.signer().map_or_else(|| "NOT VERIFIED".into(), |who| format!("signed by {who}"));
            let by = outcome.plan.as_ref().map_or_else(String::new, |plan| by(request.method, plan));
            let entry = request.entry.as_ref().map(|id| format!(" (boot entry {id})")).unwrap_or_default();
            let locked = match outcome.locked {
                None => "",
                Some(true) => {
                    "; locked: until the next boot no kernel can be loaded or unloaded on this machine, not even a crash kernel"
                }
                Some(false) => "; NOT LOCKED",
            };
            output.event(&format!("{}{entry}: loaded {by}, {who}{locked}", kernel.display()))?;
        }
        None => {}
    }
    Ok(())
}

/// The system call, and the reason for it where no method was asked for.
fn by(asked: Option<Method>, plan: &Plan) -> String {
    match (plan.entry, asked) {
        (None, _) => "by kexec_file_load".into(),
        (Some(_), None) => format!("by kexec_load ({})", plan.why),
        (Some(_), Some(_)) => "by kexec_load".into(),
    }
}
