//! Does what was asked for, with the functions of skexec's own commands.

use super::call::{Call, Load, Then};
use super::code;
use crate::arch::OnDamage;
use crate::cli::deputy::{Deputy, Task};
use crate::cli::output::Output;
use crate::cli::{leave, load as loading, plan};
use crate::confine;
use crate::exec::{self, Leave};
use crate::load::{CmdlineSource, Request};
use crate::reason::{Exit, Finding, Reason, Refusal};
use crate::segments::Options;
use crate::sources::Root;
use crate::system::{Slot, System};
use crate::unload;
use std::path::PathBuf;

/// Where a kernel that was booted with `retain_initrd` shows its initrd.
const OWN_INITRD: &str = "/sys/firmware/initrd";

/// Unloads, loads and boots, as far as the call asks for it and the step before was done.
pub(super) fn act(system: System<'_>, call: &Call, output: &mut Output<'_>) -> anyhow::Result<u8> {
    let slot = Slot::of(call.panic);
    for note in &call.notes {
        output.logged_fault(note);
    }
    leave::take_back_stopped(system, output);
    let leave = match call.then {
        Then::Jump => Some(Leave::Forced),
        Then::Shutdown => Some(Leave::Unit),
        Then::Nothing => None,
    };
    let deputy = match leave.map(|leave| task(system, leave)) {
        Some(task) if call.load.is_some() || call.unload => Some(Deputy::appoint(task, output)),
        Some(task) => Some(Deputy::Here(task)),
        None => {
            confine::to_change(system);
            None
        }
    };
    let unloaded = if call.unload { unloaded(system, slot, output)? } else { code::DONE };
    let (loaded, identity) = match &call.load {
        Some(load) if unloaded == code::DONE => loaded(system, load, slot, call.debug, output)?,
        _ => (unloaded, None),
    };
    match deputy {
        Some(deputy) if loaded == code::DONE => Ok(deputy.leave(identity.as_deref(), output).code),
        _ => Ok(loaded),
    }
}

fn unloaded(system: System<'_>, slot: Slot, output: &mut Output<'_>) -> anyhow::Result<u8> {
    match unload::unload(system, slot)? {
        Ok(was_loaded) => {
            if was_loaded {
                output.event("unloaded")?;
            }
            Ok(code::DONE)
        }
        Err(finding) => refused(&finding, output),
    }
}

fn task(system: System<'_>, leave: Leave) -> Task<'_> {
    let request = exec::Request { foreign: false, leave, watchdog: None, identity: None, process: std::process::id() };
    Task { system, request, code_of, failed: code::FAILED }
}

fn refused(finding: &Finding, output: &mut Output<'_>) -> anyhow::Result<u8> {
    output.refusal(None, finding)?;
    Ok(code_of(finding.reason))
}

/// The exit code, and what tells the load from any other.
fn loaded(
    system: System<'_>,
    load: &Load,
    slot: Slot,
    debug: bool,
    output: &mut Output<'_>,
) -> anyhow::Result<(u8, Option<String>)> {
    let request = match request(load, slot, system.root) {
        Ok(request) => request,
        Err(finding) => return Ok((refused(&finding, output)?, None)),
    };
    let outcome = loading::carry_out(system, &request, None, output)?;
    if let (true, Some(plan)) = (debug, &outcome.plan) {
        plan::tell(&request, plan, &outcome.report, output)?;
    }
    loading::tell(&request, &outcome, output)?;
    let first = outcome.report.refusal().map(Refusal::first);
    let code = match (outcome.exit(), first) {
        (Exit::Done, _) => code::DONE,
        (_, Some(finding)) => code_of(finding.reason),
        (_, None) => code::FAILED,
    };
    Ok((code, outcome.identity))
}

/// The exit code by which callers of kexec-tools tell the reasons apart.
const fn code_of(reason: Reason) -> u8 {
    match reason {
        Reason::NothingLoaded | Reason::ForeignImage | Reason::RecordContradicted | Reason::ImageReplaced => {
            code::WRONG
        }
        Reason::NoKexecFile | Reason::UnsupportedFormat => code::NO_FILE_LOAD,
        Reason::NoCrashKernel => code::NO_CRASH_KERNEL,
        _ => code::FAILED,
    }
}

/// An initrd and a command line that are not named are none, unless the file or its manifest brings them.
fn request(load: &Load, slot: Slot, root: &Root) -> Result<Request, Finding> {
    let own = if load.reuse_initrd { Some(own_initrd(root)?) } else { None };
    let (cmdline, append) = match load.cmdline.join(" ") {
        _ if load.reuse_cmdline => (CmdlineSource::Reuse(Vec::new()), load.cmdline.clone()),
        text if text.trim().is_empty() => (CmdlineSource::Unsaid, Vec::new()),
        text => (CmdlineSource::Given(text), Vec::new()),
    };
    let on_damage = OnDamage { console: load.console, unchecked: load.unchecked, ..OnDamage::default() };
    Ok(Request {
        initrds: own.into_iter().chain(load.initrds.iter().cloned()).collect(),
        cmdline,
        append,
        slot,
        method: load.method,
        segments: Options { layout: None, bounds: load.bounds, on_damage },
        ..Request::alone(load.kernel.clone())
    })
}

fn own_initrd(root: &Root) -> Result<PathBuf, Finding> {
    let seen = "--reuseinitrd was given, and the running kernel does not show its initrd in /sys/firmware/initrd: it must be new \
                enough, and booted with retain_initrd";
    if root.has(OWN_INITRD) { Ok(root.path(OWN_INITRD)) } else { Err(Finding::new(Reason::KexecOption, seen)) }
}
