//! `skexec load`: one straight line from a path to a loaded kernel.

mod call;
mod fit;
mod method;
mod outcome;
mod request;

pub use outcome::{Outcome, Plan, SegmentLine};
pub use request::{CmdlineSource, Request};

use crate::authorize::{Authorized, Basis, Candidate, Initrds, Policy};
use crate::gather::{Gathered, gather};
use crate::machine::{Machine, enforcement};
use crate::permit;
use crate::plan::{self, Options, Segments};
use crate::reason::{Finding, Reason, Warning, about};
use crate::record::{Record, Records};
use crate::report::{Report, Role};
use crate::sealed::Sealed;
use crate::system::{Method, System};
use crate::trust::{self, Signature};
use anyhow::Context as _;
use method::Choice;
use outcome::Stop;
use std::path::Path;
use std::time::SystemTime;

/// Verifies and loads.
///
/// # Errors
/// Only what has no reason in the table: input, output, internal errors.
pub fn load(system: System<'_>, request: &Request, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::of(&request.kernel);
    match attempt(system, request, progress, &mut outcome) {
        Ok(()) => {}
        Err(Stop::Refused(findings)) => outcome.report.refuse(findings),
        Err(Stop::Failed(error)) => return Err(error),
    }
    Ok(outcome)
}

fn attempt(
    system: System<'_>,
    request: &Request,
    progress: &mut dyn FnMut(&str),
    outcome: &mut Outcome,
) -> Result<(), Stop> {
    let machine = Machine::read(system.root);
    let permit = permit::may_load(&machine, request.slot);
    if !request.dry_run {
        permit.clone()?;
    }
    let (authorized, choice) = authorize(system, request, &machine, outcome)?;
    progress(&verified(&authorized));
    let permit = permit.and_then(|()| permit::may_use(choice.method, &machine, request.slot));
    if !request.dry_run {
        permit.clone()?;
    }
    progress(&format!("by {}: {}", choice.method.call(), choice.why));
    permit::misses(choice.method, &machine).into_iter().for_each(|warning| outcome.warn(warning));
    if choice.method == Method::File && request.segments != Options::default() {
        outcome.warn(Warning::new("no-effect", "the options for segments mean nothing to kexec_file_load"));
    }
    let initrd = match choice.method {
        Method::File => None,
        Method::Segments => authorized.initrds().in_one_piece().map_err(|(path, findings)| about(&path, findings))?,
    };
    let (ready, plan) = match choice.method {
        Method::File => (Ready::File, fit::file(&authorized, &machine, request.slot, choice.why)?),
        Method::Segments => {
            let segments = plan::segments(&authorized, initrd.as_deref(), &machine, &request.segments);
            // Who may not load may not see the memory map either; the first is what to say.
            let segments = segments.or_else(|finding| permit.clone().and(Err(finding)))?;
            let plan = fit::segments(&authorized, &machine, &segments, choice.why);
            (Ready::Segments(segments), plan)
        }
    };
    outcome.plan = Some(plan);
    if request.dry_run {
        return Ok(permit?);
    }
    hand_over(system, request, &machine, &authorized, &ready, progress)?;
    outcome.loaded = true;
    Ok(())
}

/// What the kernel is given.
#[derive(Debug)]
enum Ready<'a> {
    /// The files.
    File,
    /// Segments made of them.
    Segments(Segments<'a>),
}

impl Ready<'_> {
    const fn method(&self) -> Method {
        match self {
            Self::File => Method::File,
            Self::Segments(_) => Method::Segments,
        }
    }
}

/// From paths to the permission; the machine's own view of the image is part of it.
fn authorize(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    outcome: &mut Outcome,
) -> Result<(Authorized, Choice), Stop> {
    let Gathered { trust, warnings, waives_unsigned } = gather(system.root, &request.trust)?;
    outcome.warnings = warnings;
    let candidate = Candidate::read(&request.kernel)?;
    let beside = request.signature.as_deref().map(read_signature).transpose()?;
    let signature = beside.as_ref().map_or(Signature::Within, |beside| Signature::Beside(beside.bytes()));
    // The kernel looks within the image, wherever the signature that counts for us is.
    let within = beside.as_ref().map(|_| trust::judge(candidate.as_ref(), Signature::Within, &trust).evidence);
    let judgement = trust::judge(candidate, signature, &trust);
    outcome.warnings.extend(judgement.evidence.warnings(SystemTime::now()));
    outcome.report = Report::new(&request.kernel, Role::Kernel, &judgement, &outcome.warnings);

    let kernel = judgement.subject().loadable().ok();
    fit::before_copying(kernel, &request.initrds, machine, request.slot)?;
    let initrds = Initrds::open(&request.initrds, &trust).map_err(|(path, findings)| about(&path, findings))?;
    let initrds =
        if wants_empty(machine) { initrds.or_empty().context("cannot make an empty initrd")? } else { initrds };
    let cmdline = request.command_line(system.root)?;
    let within = within.unwrap_or_else(|| judgement.evidence.clone());
    let (keys, warnings) = permit::notes(machine, &within);
    outcome.keys = keys;
    warnings.into_iter().for_each(|warning| outcome.warn(warning));
    let policy = Policy {
        insecure_unsigned: request.insecure_unsigned || (waives_unsigned && waivable(request, machine)),
        enforcement: enforcement(machine),
    };
    let authorized = Authorized::new(judgement, initrds, cmdline, policy)?;
    if request.require_signed_initrd {
        authorized.initrds().all_signed()?;
    }
    outcome.permitted(&authorized);
    let choice = method::choose(request.method, authorized.image(), machine)?;
    if choice.method == Method::File {
        if machine.load_pin.wants_original() && authorized.initrds().in_memory() {
            let seen = "several initrds, or a signed one, are handed over in memory, which is no file system";
            return Err(Finding::new(Reason::LoadPin, seen).into());
        }
        permit::accepts(machine, &within)?;
    }
    Ok((authorized, choice))
}

/// Whether the policy's waiver may count: it was made for the administrator's command, and must not open a first stage, to
/// whose initramfs it is copied.
const fn waivable(request: &Request, machine: &Machine) -> bool {
    !request.require_signed_initrd && !machine.surroundings.initramfs
}

/// Whether a kernel without an initrd needs an empty one: not on a BIOS, and not where only files are taken.
fn wants_empty(machine: &Machine) -> bool {
    machine.secure_boot.is_efi() && !machine.ima.wants_original() && !machine.load_pin.wants_original()
}

/// Makes the call and records it, as the only skexec that does.
fn hand_over(
    system: System<'_>,
    request: &Request,
    machine: &Machine,
    authorized: &Authorized,
    ready: &Ready<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<(), Stop> {
    let records = Records::lock(system.root).context("cannot lock /run/skexec")?;
    let records = records.ok_or_else(|| Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock"))?;
    let method = ready.method();
    let record = records.prepare(request.slot, &Record::of(authorized, method));
    let record = record.context("cannot write the record in /run/skexec")?;
    progress(&format!("loading {} by {}", authorized.kernel().sealed().path().display(), method.call()));
    let done = match ready {
        Ready::File => call::file_load(system.kexec, machine, authorized, request.slot),
        Ready::Segments(segments) => call::segments_load(system.kexec, machine, segments),
    };
    match done {
        Ok(()) => {
            let committed = record.commit();
            Ok(committed.context("the kernel is loaded, but the record in /run/skexec cannot be put in its place")?)
        }
        Err(failed) => {
            if failed.kept {
                record.restore().context("cannot put the record in /run/skexec back in its place")?;
            }
            Err(failed.finding.into())
        }
    }
}

fn read_signature(path: &Path) -> Result<Sealed, Vec<Finding>> {
    Sealed::read(path).map_err(|error| about(path, vec![error.into()]))
}

fn verified(authorized: &Authorized) -> String {
    let path = authorized.kernel().sealed().path().display();
    match authorized.basis() {
        Basis::Embedded(signer) | Basis::Detached(signer) => format!("verified: {path}: signed by {}", signer.subject),
        Basis::Waived(_) => format!("not verified: {path}"),
    }
}
