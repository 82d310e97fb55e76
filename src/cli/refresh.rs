//! `skexec refresh`: loads anew what was loaded by a version or a boot entry, after its files have changed.

use super::args::{Cli, Command};
use super::load;
use super::output::Output;
use crate::load::Request;
use crate::reason::{Exit, Finding, Reason, Refusal};
use crate::record::Asked;
use crate::refresh::{Held, finished, held};
use crate::sources::Root;
use crate::sources::policy::{Policy, Refresh};
use crate::system::{Slot, System};
use crate::unload::unload;
use clap::Parser as _;
use serde::Serialize;

/// The words of the command that loads the newest kernel where the policy asks for one.
const NEWEST: [&str; 1] = ["reboot"];

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

pub(super) fn run(system: System<'_>, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let policy = match Policy::read(system.root) {
        Ok(policy) => policy.refresh.value,
        Err(finding) => return output.failure(&finding),
    };
    let mut refreshed = vec![of_slot(system, Slot::Reboot, policy, output)?];
    // A crash kernel of another program is nobody's concern here.
    if matches!(held(system.root, Slot::Panic), Held::Asked(_)) {
        refreshed.push(of_slot(system, Slot::Panic, policy, output)?);
    }
    let exit = refreshed.iter().map(|one| one.exit).max_by_key(|exit| exit.code()).unwrap_or(Exit::Done);
    if output.json() {
        output.document(&Document { schema: 1, refreshed })?;
    }
    Ok(exit)
}

fn of_slot(system: System<'_>, slot: Slot, policy: Refresh, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    let left = |why: String, output: &mut Output<'_>| {
        say(output, &format!("the loaded kernel is left as it is: {why}"))?;
        Ok(Refreshed { message: Some(why), ..Refreshed::new(slot, "left") })
    };
    if policy == Refresh::Never {
        return left("the policy sets refresh = \"never\"".into(), output);
    }
    match held(system.root, slot) {
        Held::Nothing if policy == Refresh::Newest && slot == Slot::Reboot => {
            let words = NEWEST.map(str::to_owned).to_vec();
            // There is no path among the words.
            let folder = String::new();
            anew(system, slot, &Asked { words, folder, release: None, options: None, files: Vec::new() }, output)
        }
        Held::Nothing => {
            say(output, "no kernel is loaded, and none is to be")?;
            Ok(Refreshed::new(slot, "nothing"))
        }
        Held::Other(why) => left(why, output),
        Held::Asked(asked) => anew(system, slot, &asked, output),
    }
}

/// Makes the load again, unless its files are what they were.
fn anew(system: System<'_>, slot: Slot, before: &Asked, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    let request = match request(system.root, before) {
        Ok(request) => request,
        Err(finding) if matches!(finding.reason, Reason::NoSuchVersion | Reason::NoEntry) && slot == Slot::Reboot => {
            return gone(system, before, &finding, output);
        }
        Err(finding) => return refused(slot, &finding, output),
    };
    let kernel = request.kernel.as_ref().map(|path| path.display().to_string());
    if request.asked.as_ref() == Some(before) {
        say(
            output,
            &format!("{} is loaded already, and its files have not changed", kernel.as_deref().unwrap_or_default()),
        )?;
        return Ok(Refreshed { kernel, ..Refreshed::new(slot, "unchanged") });
    }
    if let Err(finding) = request.asked.as_ref().map_or(Ok(()), |asked| finished(system.root, asked)) {
        return Ok(Refreshed { kernel, ..refused(slot, &finding, output)? });
    }
    let outcome = load::carry_out(system, &request, output)?;
    load::tell(&request, &outcome, output)?;
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
    match &cli.command {
        Command::Load(args) => load::find(args, root, Some(&asked.words)),
        Command::Reboot(args) => args.request(root, Some(&asked.words)),
        _ => Err(cannot("the recorded command loads nothing".into())),
    }
}

/// The kernel is not installed any more: to boot it without its modules would be worse than to boot by the firmware.
fn gone(system: System<'_>, asked: &Asked, why: &Finding, output: &mut Output<'_>) -> anyhow::Result<Refreshed> {
    if asked.files.is_empty() {
        return refused(Slot::Reboot, why, output);
    }
    match unload(system, Slot::Reboot)? {
        Ok(_) => {
            output.event(&format!("unloaded: {why}"))?;
            Ok(Refreshed { message: Some(why.to_string()), ..Refreshed::new(Slot::Reboot, "unloaded") })
        }
        Err(finding) => refused(Slot::Reboot, &finding, output),
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
