//! `skexec reboot`: `load` of an installed kernel, then `exec`.

use super::args::{HowArgs, InitrdArgs, LoadArgs};
use super::asked::asked;
use super::choice::ChoiceArgs;
use super::deputy::{Deputy, Left, Stayed, Task};
use super::leave::{LeaveArgs, cancel};
use super::load::{self, Document};
use super::output::Output;
use super::plan;
use crate::confine;
use crate::entries::{Choice, Options};
use crate::exec::{self, Leave};
use crate::load::Request;
use crate::reason::{Exit, Finding, Reason};
use crate::shutdown::on_the_clock;
use crate::sources::Root;
use crate::system::System;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

#[derive(Debug, Args)]
pub(super) struct RebootArgs {
    /// Boot the newest installed kernel, as without any of these three options
    #[arg(long, conflicts_with_all = ["entry", "kernel_version"])]
    pub(super) latest: bool,
    /// Boot what this boot entry names, with its command line (`skexec entries` lists them); `default` is the entry that systemd-boot
    /// starts next, `oneshot` the one that it starts only once
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "kernel_version")]
    pub(super) entry: Option<String>,
    /// Boot the installed kernel of this version
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    pub(super) kernel_version: Option<String>,
    /// The profile of a UKI, by its number or its ID; without this option, that of the boot entry, or profile 0
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) more: InitrdArgs,
    /// The command line. Without this option it is that of the running kernel, without what its boot loader added; that of a boot
    /// entry, where --entry names one; that of the UKI or the manifest, where the kernel has one
    #[arg(long, value_name = "STR", allow_hyphen_values = true, conflicts_with_all = ["reuse_cmdline", "cmdline_remove"])]
    pub(super) cmdline: Option<String>,
    /// Reuse the command line of the running kernel in any case
    #[arg(long)]
    pub(super) reuse_cmdline: bool,
    /// Reuse the command line of the running kernel without every parameter of this name; may be repeated
    #[arg(long, value_name = "KEY", value_parser = super::args::key)]
    pub(super) cmdline_remove: Vec<String>,
    #[command(flatten)]
    pub(super) how: HowArgs,
    // After the options without a heading, which would stand below its own otherwise.
    #[command(flatten)]
    pub(super) leave: LeaveArgs,
}

/// What `load` says, and whether the machine is left.
#[derive(Serialize)]
struct Rebooting<'a> {
    #[serde(flatten)]
    load: Document<'a>,
    shutting_down: bool,
    at: Option<i64>,
    /// Why it is not, although the kernel is loaded.
    not_shut_down: Option<&'a Stayed>,
}

impl RebootArgs {
    /// The same load as a command of its own.
    fn load(&self) -> LoadArgs {
        LoadArgs {
            choice: ChoiceArgs {
                kernel: None,
                entry: self.entry.clone(),
                latest: self.entry.is_none() && self.kernel_version.is_none(),
                kernel_version: self.kernel_version.clone(),
            },
            profile: self.profile.clone(),
            manifest: None,
            initrd: Vec::new(),
            more: self.more.clone(),
            cmdline: self.cmdline.clone(),
            reuse_cmdline: self.reuse_cmdline || !self.cmdline_remove.is_empty(),
            cmdline_remove: self.cmdline_remove.clone(),
            no_cmdline: false,
            signature: None,
            panic: false,
            count_loads: false,
            lock: false,
            how: self.how.clone(),
        }
    }

    /// What is to be loaded.
    ///
    /// # Errors
    /// That there is no such entry or version.
    pub(super) fn request(&self, root: &Root, words: Option<&[String]>) -> Result<Request, Finding> {
        let args = self.load();
        let found = args.choice.find(root)?.unwrap_or_default();
        let options = match found.options.clone() {
            // An entry that was named is wanted with its command line.
            Options::Given(text) if self.entry.is_some() => Options::Given(text),
            Options::Unsaid => Options::Unsaid,
            // A manifest names the command line.
            _ if load::is_bound(&args, Some(&found.kernel)) => Options::Unsaid,
            Options::Given(_) | Options::Running => Options::Running,
        };
        let request = load::request(&args, Some(Choice { options, ..found.clone() }));
        Ok(Request { asked: asked(words, &found, &request), ..request })
    }
}

pub(super) fn run(
    system: System<'_>,
    args: &RebootArgs,
    words: Option<&[String]>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    if args.leave.cancels() {
        return cancel(system, output);
    }
    let leaving = exec::Request {
        foreign: false,
        leave: args.leave.leave()?,
        watchdog: args.leave.watchdog,
        identity: None,
        process: std::process::id(),
    };
    // A machine that cannot be left keeps the image that it has.
    if let Err(finding) = exec::may_leave(system, &leaving) {
        return output.failure(&finding);
    }
    let at = due(&leaving.leave);
    let deputy = if args.how.dry_run {
        confine::to_tell(system);
        None
    } else {
        Some(Deputy::appoint(Task { system, request: leaving, code_of, failed: Exit::Failed.code() }, output))
    };
    let request = match args.request(system.root, words) {
        Ok(request) => Request { segment_digests: args.how.dry_run || output.json(), ..request },
        Err(finding) => return output.failure(&finding),
    };
    let outcome = load::carry_out(system, &request, None, output)?;
    if let (true, false, Some(plan)) = (args.how.dry_run, output.json(), &outcome.plan) {
        plan::tell(&request, plan, &outcome.report, output)?;
        if outcome.report.refusal().is_none() {
            let at = at.map_or_else(String::new, |second| format!(" at {}", on_the_clock(second)));
            output.fact(&format!("then the machine would be shut down{at}"))?;
        }
    }
    load::tell(&request, &outcome, output)?;
    let left = deputy.filter(|_| outcome.loaded).map(|deputy| deputy.leave(outcome.identity.as_deref(), output));
    if output.json() {
        let (shutting_down, at) = match &left {
            Some(Left { stayed: None, at, .. }) => (true, *at),
            Some(_) | None => (false, None),
        };
        let not_shut_down = left.as_ref().and_then(|left| left.stayed.as_ref());
        let load = Document::of(&request, &outcome);
        output.document(&Rebooting { load, shutting_down, at, not_shut_down })?;
    }
    let stayed = left.filter(|left| left.stayed.is_some());
    Ok(stayed.map_or_else(|| outcome.exit(), |left| Exit::of(left.code).unwrap_or(Exit::Failed)))
}

const fn code_of(reason: Reason) -> u8 {
    reason.exit().code()
}

const fn due(leave: &Leave) -> Option<i64> {
    match leave {
        Leave::Orderly(orderly) => orderly.due,
        Leave::Forced | Leave::Unit => None,
    }
}
