//! `skexec refresh`: loads anew what was loaded by a version or a boot entry, after its files have changed.

mod hardware;

use super::args::{Cli, Command, RefreshArgs};
use super::load;
use super::output::Output;
use crate::load::Request;
use crate::reason::{Exit, Finding, Reason, Refusal};
use crate::record::{Asked, Records, Stamp, busy};
use crate::refresh::{Held, finished, held};
use crate::sources::Root;
use crate::sources::policy::{Policy, Refresh};
use crate::system::{Slot, System};
use crate::unload::unload_under;
use anyhow::Context as _;
use clap::Parser as _;
use serde::Serialize;
use std::time::Duration;

/// How long another skexec is waited for: the hook that calls this one does it once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why nothing is done: a pipe would not only give nothing; to open it waits for a writer.
const PIPE: &str = "its command reads a pipe or a descriptor, which cannot be read again";
const NEVER: &str = "the policy sets refresh = \"never\"";

#[derive(Serialize)]
struct Document {
    schema: u32,
    refreshed: Vec<Refreshed>,
}

/// What was done about one of the kernel's two images.
#[derive(Debug, Clone, Serialize)]
struct Refreshed {
    slot: &'static str,
    result: &'static str,
    kernel: Option<String>,
    reason: Option<&'static str>,
    message: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl Refreshed {
    fn new(slot: Slot, result: &'static str) -> Self {
        let slot = if slot == Slot::Panic { "panic" } else { "reboot" };
        Self { slot, result, kernel: None, reason: None, message: None, exit: Exit::Done }
    }

    fn refused(slot: Slot, finding: &Finding) -> Self {
        let (reason, message) = (Some(finding.reason.slug()), Some(finding.sentence(None)));
        Self { reason, message, exit: finding.reason.exit(), ..Self::new(slot, "refused") }
    }
}

pub(super) fn run(system: System<'_>, args: RefreshArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let policy = match Policy::read(system.root) {
        Ok(policy) => policy.refresh.value,
        Err(finding) => return output.failure(&finding),
    };
    let refreshed =
        if args.hardware { hardware::run(system, policy, output)? } else { by_files(system, policy, output)? };
    let Some(refreshed) = refreshed else { return output.failure(&busy()) };
    let exit = refreshed.iter().map(|one| one.exit).max_by_key(|exit| exit.code()).unwrap_or(Exit::Done);
    if output.json() {
        output.document(&Document { schema: 1, refreshed })?;
    }
    Ok(exit)
}

/// Both images, where their files have changed; nothing when another skexec is at work for long.
fn by_files(system: System<'_>, policy: Refresh, output: &mut Output<'_>) -> anyhow::Result<Option<Vec<Refreshed>>> {
    let slots = [Slot::Reboot, Slot::Panic];
    // What is decided by the records must still be so when it is done.
    let records = if slots.into_iter().any(|slot| acts(&held(system.root, slot), slot, policy)) {
        let Some(records) = Records::lock_within(system.root, PATIENCE).context("cannot lock /run/skexec")? else {
            return Ok(None);
        };
        Some(records)
    } else {
        None
    };
    let mut refreshed = Vec::new();
    for slot in slots {
        let held = held(system.root, slot);
        // A crash kernel of another program is nobody's concern here.
        if slot == Slot::Reboot || matches!(held, Held::Asked(_)) {
            refreshed.push(of_slot(system, slot, held, policy, records.as_ref(), output)?);
        }
    }
    Ok(Some(refreshed))
}

/// Whether something may have to be done.
fn acts(held: &Held, slot: Slot, policy: Refresh) -> bool {
    match held {
        _ if policy == Refresh::Never => false,
        Held::Asked(_) => true,
        Held::Nothing => slot == Slot::Reboot && policy == Refresh::Newest,
        Held::Other(_) => false,
    }
}

fn of_slot(
    system: System<'_>,
    slot: Slot,
    held: Held,
    policy: Refresh,
    records: Option<&Records>,
    output: &mut Output<'_>,
) -> anyhow::Result<Refreshed> {
    if policy == Refresh::Never {
        return left(slot, NEVER.into(), output);
    }
    let acts = acts(&held, slot, policy);
    match (held, records) {
        (Held::Other(why), _) => left(slot, why, output),
        (Held::Nothing, _) if !acts => {
            say(output, "no kernel is loaded, and none is to be")?;
            Ok(Refreshed::new(slot, "nothing"))
        }
        // It was not so before the lock would have been taken.
        (_, None) => left(slot, "another skexec has just changed it".into(), output),
        (Held::Asked(asked), Some(records)) => anew(system, slot, &asked, records, output),
        (Held::Nothing, Some(records)) => anew(system, slot, &newest(), records, output),
    }
}

/// The command that loads the newest kernel, where the policy asks for one.
fn newest() -> Asked {
    Asked {
        words: vec!["reboot".into()],
        by_path: false,
        // There is no path among the words.
        folder: String::new(),
        release: None,
        options: None,
        files: Vec::new(),
        others: Vec::new(),
    }
}

const fn image(slot: Slot) -> &'static str {
    if matches!(slot, Slot::Panic) { "crash kernel" } else { "loaded kernel" }
}

fn left(slot: Slot, why: String, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    say(output, &format!("the {} is left as it is: {why}", image(slot)))?;
    Ok(Refreshed { message: Some(why), ..Refreshed::new(slot, "left") })
}

/// Makes the load again, unless its files are what they were.
fn anew(
    system: System<'_>,
    slot: Slot,
    before: &Asked,
    records: &Records,
    output: &mut Output<'_>,
) -> anyhow::Result<Refreshed> {
    let request = match request(system.root, before) {
        Ok(request) => request,
        Err(finding) if slot == Slot::Reboot && names_nothing(&finding) && is_gone(before) => {
            return gone(system, &finding, records, output);
        }
        Err(finding) => return refused(slot, &finding, output),
    };
    let kernel = request.kernel.as_ref().map(|path| path.display().to_string());
    let Some(asked) = &request.asked else {
        return Ok(Refreshed { kernel, ..left(slot, PIPE.into(), output)? });
    };
    if asked == before {
        let name = kernel.as_deref().unwrap_or_default();
        let for_what = if slot == Slot::Panic { " for a crash" } else { "" };
        say(output, &format!("{name} is loaded already{for_what}, and its files have not changed"))?;
        return Ok(Refreshed { kernel, ..Refreshed::new(slot, "unchanged") });
    }
    again(system, slot, before, &request, records, output)
}

/// Makes the load, unless its files have changed and are not finished.
fn again(
    system: System<'_>,
    slot: Slot,
    before: &Asked,
    request: &Request,
    records: &Records,
    output: &mut Output<'_>,
) -> anyhow::Result<Refreshed> {
    let kernel = request.kernel.as_ref().map(|path| path.display().to_string());
    let changed = request.asked.as_ref().filter(|asked| *asked != before);
    if let Err(finding) = changed.map_or(Ok(()), |asked| finished(system.root, asked)) {
        return Ok(Refreshed { kernel, ..refused(slot, &finding, output)? });
    }
    let outcome = load::carry_out(system, request, Some(records), output)?;
    load::tell(request, &outcome, output)?;
    let first = outcome.report.refusal().map(Refusal::first);
    let refreshed = first.map_or_else(|| Refreshed::new(slot, "loaded"), |finding| Refreshed::refused(slot, finding));
    Ok(Refreshed { kernel, exit: outcome.exit(), ..refreshed })
}

/// The load that these words ask for now.
fn request(root: &Root, asked: &Asked) -> Result<Request, Finding> {
    let cannot = |what: String| Finding::new(Reason::RecordContradicted, what);
    // A path among the words must not lead to another file.
    if !asked.folder.is_empty() {
        std::env::set_current_dir(&asked.folder).map_err(|error| cannot(format!("{}: {error}", asked.folder)))?;
    }
    let words = std::iter::once("skexec").chain(asked.words.iter().map(String::as_str));
    let cli =
        Cli::try_parse_from(words).map_err(|_| cannot("the recorded command is not one of this skexec".into()))?;
    let request = match &cli.command {
        Command::Load(args) => load::find(args, root, Some(&asked.words)),
        Command::Reboot(args) => args.request(root, Some(&asked.words)),
        _ => Err(cannot("the recorded command loads nothing".into())),
    };
    Ok(Request { more_follows: true, ..request? })
}

fn names_nothing(finding: &Finding) -> bool {
    matches!(finding.reason, Reason::NoSuchVersion | Reason::NoEntry)
}

/// Whether the kernel's file is gone. An entry or a version can also be missing because a folder of them cannot be read.
fn is_gone(asked: &Asked) -> bool {
    asked.files.first().is_some_and(Stamp::is_gone)
}

/// The kernel is not installed any more: to boot it without its modules would be worse than to boot by the firmware.
fn gone(system: System<'_>, why: &Finding, records: &Records, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    match unload_under(system, Slot::Reboot, records)? {
        Ok(_) => {
            output.event(&format!("unloaded: {why}"))?;
            Ok(Refreshed { message: Some(why.to_string()), ..Refreshed::new(Slot::Reboot, "unloaded") })
        }
        Err(finding) => {
            let detail = format!("{why}; the image stays loaded{}", finding.detail);
            refused(Slot::Reboot, &Finding { detail, ..finding }, output)
        }
    }
}

fn refused(slot: Slot, finding: &Finding, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    output.refusal(None, finding)?;
    Ok(Refreshed::refused(slot, finding))
}

/// A line about something that was not done.
fn say(output: &mut Output<'_>, line: &str) -> anyhow::Result<()> {
    if output.json() { Ok(()) } else { Ok(output.fact(line)?) }
}
