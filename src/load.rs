//! `skexec load`: one straight line from a path to a loaded kernel.

mod account;
mod call;
mod checks;
mod compose;
mod fit;
mod guard;
mod hand_over;
mod manifest;
mod measured;
mod method;
mod next;
mod obstacles;
mod outcome;
mod ready;
mod request;
mod stop;
mod unpack;

pub use obstacles::Obstacles;
pub use outcome::{Outcome, Plan, SegmentLine};
pub use request::{CmdlineSource, Request};

use crate::arch::{Architecture as _, Platform};
use crate::authorize::{Accepted, Authorized, Candidate, Demands, Role, Waiver, addons, verify};
use crate::confine;
use crate::gather::{Gathered, gather};
use crate::machine::crash::hardware;
use crate::machine::{CrashFacts, Machine, enforcement};
use crate::permit;
use crate::progress::{Event, Follow};
use crate::record::Records;
use crate::segments::Besides;
use crate::sources::policy::Policy;
use crate::system::{Slot, System};
use account::Account;
use compose::Base;
use hand_over::{Hold, hand_over};
use obstacles::Seen;
use ready::Ready;
use stop::Stop;

/// Verifies and loads.
///
/// # Errors
/// Those that have no reason in the table: input, output, internal errors.
pub fn load(system: System<'_>, request: &Request, follow: &mut Follow<'_>) -> anyhow::Result<Outcome> {
    load_under(system, request, None, follow)
}

/// The same by a caller that may have locked the records already, because it decided by them what to load.
pub(crate) fn load_under(
    system: System<'_>,
    request: &Request,
    records: Option<&Records>,
    follow: &mut Follow<'_>,
) -> anyhow::Result<Outcome> {
    let mut account = Account::default();
    let end = attempt(Hold { system, records }, request, &mut account, follow);
    account.close(request.subject(), end)
}

/// The straight line: each noun is an argument of a later one.
fn attempt(hold: Hold<'_>, request: &Request, account: &mut Account, follow: &mut Follow<'_>) -> Result<(), Stop> {
    let system = hold.system;
    account.warn(confine::warning(system));
    let (machine, platform) = (Machine::read(system.root), Platform::read(system.root));
    // Before the facts that the headers are made of: what changes meanwhile shows afterwards.
    let hardware = (request.slot == Slot::Panic).then(|| hardware(system.root, &machine.memory)).flatten();
    let crash = (request.slot == Slot::Panic).then(|| CrashFacts::read(system.root, &machine.release));
    account.here = request.dry_run.then(|| (machine.clone(), platform.clone()));
    let policy = Policy::read(system.root)?;
    let Gathered { trust, warnings } = gather(system.root, &policy, &request.trust)?;
    if !request.more_follows {
        confine::facts_are_read(system);
    }
    account.warn(warnings);

    let binding = manifest::find(request, &trust, account)?;
    manifest::not_older(binding.as_ref(), &policy, system.root, &machine, follow)?;
    let kernel = manifest::kernel(request, binding.as_ref())?;
    let candidate = Candidate::read(&kernel, request.reading())?;
    let detached = request.detached_signature()?;
    let signature = request::place_of(detached.as_ref());
    let assessment = verify(candidate, Role::Kernel, signature, &trust);
    account.assessed(&assessment, &machine);
    account.seen = request.dry_run.then(|| Seen::of(&assessment, &trust));
    let waiver = Waiver { asked: request.waives_unsigned(&policy, &machine)?, enforcement: enforcement(&machine) };
    let accepted = match &binding {
        Some(binding) => Accepted::bound(assessment, signature, binding)?,
        None => Accepted::new(assessment, waiver)?,
    };
    account.accepted();

    let choice = method::choose(request.method, accepted.kernel().image(), &machine)?;
    checks::may_be_left_out(request, choice.method, &machine, &policy)?;
    let permit = permit::may_load(choice.method, &machine, &platform, request.slot);
    if !request.dry_run {
        permit.clone()?;
    }

    let addons = account.addons(addons::of(accepted.kernel().file(), &trust)?);
    let base = Base::of(binding.as_ref(), &accepted, &addons);
    account.warn(base.warnings());
    let need = fit::Need::of(accepted.kernel().image(), choice.method);
    let initrds = compose::initrds(request, &base, need, &policy, &trust, &machine, choice.method)?;
    let cmdline = compose::command_line(request, &base, &policy, system.root)?;
    let kernel_check = accepted.kernel_check(&machine, choice.method, &trust);
    let demands = Demands {
        machine: &machine,
        method: choice.method,
        signed_initrds: request.require_signed_initrd,
        policy: &policy,
        kernel_check: kernel_check.as_ref(),
    };
    let authorized = Authorized::new(accepted, initrds, cmdline, &demands)?;
    checks::names_no_headers(&authorized, request)?;
    account.authorized(&authorized);
    account.warn(demands.warnings());
    follow(Event::verified(&authorized));
    follow(Event::Chosen { method: choice.method, why: choice.why });

    account.warn(choice.warnings(&request.segments, &machine, &platform));
    // Who may not load may not see the memory map either: the first is what to say then.
    let refused = |finding| permit.clone().err().unwrap_or(finding);
    let mark = next::mark(&authorized, choice.method, system.root, request.slot);
    let crash = ready::crash(&authorized, choice.method, &machine, crash, request).map_err(refused)?;
    let besides = Besides { mark: mark.as_deref(), crash: crash.as_ref(), hardware: hardware.as_deref() };
    let laid_out = ready::laid_out(&authorized, choice.method, &machine, &platform, request, besides);
    let laid_out = laid_out.map_err(refused)?;
    if let Some(laid_out) = &laid_out {
        follow(Event::laid_out(laid_out));
    }
    let ready = Ready::new(&authorized, laid_out.as_ref(), choice, &machine, &platform, request, besides);
    let ready = ready.map_err(refused)?;
    account.plan = Some(ready.plan.clone());
    if request.slot == Slot::Panic {
        account.warn(unpack::has_room(&authorized, &machine, choice.method).map_err(refused)?);
        account.warn(checks::may_take_memory(&authorized, &machine));
    }
    if request.dry_run {
        return Ok(permit?);
    }
    follow(Event::Loading { kernel: authorized.kernel().path().to_owned(), method: choice.method });
    let version = binding.as_ref().map(manifest::version);
    account.done(hand_over(&ready, hold, &machine, request, version.as_ref(), &policy, follow)?);
    Ok(())
}
