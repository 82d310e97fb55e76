//! `skexec load`: one straight line from a path to a loaded kernel.

mod call;
mod fit;
pub mod permit;

use crate::authorize::{Authorized, Basis, Candidate, Initrds, Policy};
use crate::hex;
use crate::image::cmdline::Cmdline;
use crate::machine::{Machine, enforcement};
use crate::reason::{Exit, Finding, Reason, Warning};
use crate::record::{self, Record, Records, Slot};
use crate::report::{Report, Role};
use crate::sealed::Sealed;
use crate::sources::{Gathered, Root, TrustRequest};
use crate::sys::Kexec;
use crate::trust::{self, Signature, digest, kernel};
use anyhow::Context as _;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the commands work on: the file systems and the kernel, either of which a test can replace.
#[derive(Debug, Clone, Copy)]
pub struct System<'a> {
    /// Below it all that is read of the machine.
    pub root: &'a Root,
    /// The calls that change what it boots next.
    pub kexec: &'a dyn Kexec,
}

/// Where the command line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CmdlineSource {
    /// Given, perhaps empty.
    Given(String),
    /// The running kernel's, less the parameters of these names.
    Reuse(Vec<String>),
}

/// What is to be loaded, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The kernel's path.
    pub kernel: PathBuf,
    /// The initrds' paths, in order.
    pub initrds: Vec<PathBuf>,
    /// Where the command line comes from.
    pub cmdline: CmdlineSource,
    /// What is added to it, in order.
    pub append: Vec<String>,
    /// Whom to trust.
    pub trust: TrustRequest,
    /// A detached signature of the kernel; it counts instead of one within the kernel.
    pub signature: Option<PathBuf>,
    /// For which purpose.
    pub slot: Slot,
    /// Stop before the call.
    pub dry_run: bool,
    /// Waive a missing or unknown signature.
    pub insecure_unsigned: bool,
}

/// What is handed to the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// `file`.
    pub method: &'static str,
    /// Flags of `kexec_file_load`, by name.
    pub flags: Vec<&'static str>,
    /// Bytes of the kernel file.
    pub kernel_bytes: u64,
    /// Bytes of memory that the kernel needs from its load address on.
    pub init_size: u64,
    /// The initrds, in order.
    pub initrds: Vec<PathBuf>,
    /// Bytes of all initrds, joined.
    pub initrd_bytes: u64,
    /// Bytes of memory in all, and the most that the kernel takes.
    pub memory_bytes: u64,
    /// Half of the machine's memory, in bytes; the crash kernel's reservation for a crash kernel.
    pub memory_limit: u64,
    /// The command line.
    pub cmdline: String,
    /// `embedded` or `waived`.
    pub basis: &'static str,
}

/// How a load ended.
#[derive(Debug)]
pub struct Outcome {
    /// What is to be said of the kernel; a refusal for any reason is in it.
    pub report: Report,
    /// What to know besides.
    pub warnings: Vec<Warning>,
    /// What was, or would be, handed over.
    pub plan: Option<Plan>,
    /// Whether the kernel has it now.
    pub loaded: bool,
}

impl Outcome {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.report.exit()
    }
}

/// Verifies and loads.
///
/// # Errors
/// Only what has no reason in the table: input, output, internal errors.
pub fn load(system: System<'_>, request: &Request, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Outcome> {
    let machine = Machine::read(system.root);
    let permit = permit::may_load(&machine, request.slot);
    if let (Err(finding), false) = (&permit, request.dry_run) {
        return Ok(Outcome::refused(&request.kernel, finding.clone(), Vec::new()));
    }
    let Gathered { trust, mut warnings } = match crate::sources::gather(system.root, &request.trust) {
        Ok(gathered) => gathered,
        Err(finding) => return Ok(Outcome::refused(&request.kernel, finding, Vec::new())),
    };
    let candidate = match Candidate::read(&request.kernel) {
        Ok(candidate) => candidate,
        Err(error) => return Ok(Outcome::refused(&request.kernel, error.into(), warnings)),
    };
    let beside = match request.signature.as_deref().map(Sealed::read).transpose() {
        Ok(beside) => beside,
        Err(error) => return Ok(Outcome::refused(&request.kernel, error.into(), warnings)),
    };
    let signature = beside.as_ref().map_or(Signature::Within, |beside| Signature::Beside(beside.bytes()));
    let asked = kernel::predict(candidate.as_ref(), &trust);
    let judgement = trust::judge(candidate, signature, &trust);
    warnings.extend(judgement.evidence.warnings(SystemTime::now()));
    let mut outcome = Outcome {
        report: Report::new(&request.kernel, Role::Kernel, &judgement, &warnings),
        warnings,
        plan: None,
        loaded: false,
    };
    let initrds = match Initrds::open(&request.initrds, &trust) {
        Ok(initrds) => initrds,
        Err((path, findings)) => {
            return Ok(outcome.with_all(findings.into_iter().map(|finding| at(&path, finding)).collect()));
        }
    };
    let cmdline = command_line(system.root, request)?;
    let policy = Policy { insecure_unsigned: request.insecure_unsigned, enforced: enforcement(&machine).may_enforce() };
    let key_ids = judgement.evidence.key_ids.clone();
    let authorized = match Authorized::new(judgement, initrds, cmdline, policy) {
        Ok(authorized) => authorized,
        Err(findings) => return Ok(outcome.with_all(findings)),
    };
    outcome.waived(authorized.basis());
    outcome.report.cover(authorized.covers());
    progress(&verified(&authorized));
    let fitted = fit::fit(&authorized, &machine, request.slot);
    let plan = match fitted.and_then(|plan| permit::accepts(&machine, &key_ids, asked).map(|()| plan)) {
        Ok(plan) => plan,
        Err(finding) => return Ok(outcome.with(finding)),
    };
    outcome.plan = Some(plan);
    if request.dry_run {
        return Ok(match permit {
            Ok(()) => outcome,
            Err(finding) => outcome.with(finding),
        });
    }
    hand_over(system, &machine, &authorized, request.slot, progress, outcome)
}

/// Makes the call and records it, as the only skexec that does.
fn hand_over(
    system: System<'_>,
    machine: &Machine,
    authorized: &Authorized,
    slot: Slot,
    progress: &mut dyn FnMut(&str),
    mut outcome: Outcome,
) -> anyhow::Result<Outcome> {
    let Some(records) = Records::lock(system.root).context("cannot lock /run/skexec")? else {
        return Ok(outcome.with(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")));
    };
    let record = records.prepare(slot, &record_of(authorized)).context("cannot write the record in /run/skexec")?;
    progress(&format!("loading {} by kexec_file_load", authorized.kernel().sealed().path().display()));
    if let Err(finding) = call::file_load(system.kexec, machine, authorized, slot) {
        return Ok(outcome.with(finding));
    }
    record.commit().context("the kernel is loaded, but the record in /run/skexec cannot be put in its place")?;
    outcome.loaded = true;
    Ok(outcome)
}

impl Outcome {
    fn refused(path: &Path, finding: Finding, warnings: Vec<Warning>) -> Self {
        let report = Report::refused(path, vec![finding], &warnings);
        Self { report, warnings, plan: None, loaded: false }
    }

    fn with(self, finding: Finding) -> Self {
        self.with_all(vec![finding])
    }

    fn with_all(mut self, findings: Vec<Finding>) -> Self {
        self.report.refuse(findings);
        self
    }

    /// Says what was waived, wherever it is said that the kernel may be loaded.
    fn waived(&mut self, basis: &Basis) {
        if let Basis::Waived(findings) = basis {
            let what: Vec<_> = findings.iter().map(|finding| finding.reason.slug()).collect();
            let warning = Warning::new("insecure-unsigned", format!("not verified: {} was waived", what.join(", ")));
            self.report.waive(&warning);
            self.warnings.push(warning);
        }
    }
}

/// Names the file where it is not the kernel.
fn at(path: &Path, finding: Finding) -> Finding {
    let detail = match finding.detail.as_str() {
        "" => path.display().to_string(),
        detail => format!("{}: {detail}", path.display()),
    };
    Finding::new(finding.reason, detail)
}

fn command_line(root: &Root, request: &Request) -> anyhow::Result<Cmdline> {
    let base = match &request.cmdline {
        CmdlineSource::Given(text) => Cmdline::new(text),
        CmdlineSource::Reuse(removed) => {
            let running = std::fs::read_to_string(root.path("/proc/cmdline")).context("cannot read /proc/cmdline")?;
            let mut removed = removed.clone();
            if request.slot == Slot::Panic {
                // The crash kernel must not reserve memory for another of its kind.
                removed.push("crashkernel".into());
            }
            Cmdline::reuse(&running, &removed)
        }
    };
    Ok(request.append.iter().fold(base, |line, more| line.append(more)))
}

fn verified(authorized: &Authorized) -> String {
    let path = authorized.kernel().sealed().path().display();
    match authorized.basis() {
        Basis::Embedded(signer) | Basis::Detached(signer) => {
            format!("verified: {path}: signed by {}", signer.subject)
        }
        Basis::Waived(_) => format!("not verified: {path}: --insecure-unsigned"),
    }
}

fn record_of(authorized: &Authorized) -> Record {
    let kernel = authorized.kernel().sealed();
    Record {
        schema: 1,
        time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        method: "file".into(),
        kernel: std::path::absolute(kernel.path()).unwrap_or_else(|_| kernel.path().to_owned()),
        release: authorized.header().release.clone(),
        sha256: hex::encode(&digest::sha256(&[kernel.bytes()])),
        basis: authorized.basis().name().into(),
        covers: authorized.covers().into_iter().map(Into::into).collect(),
        signer: authorized.basis().signer().map(|signer| signer.subject.clone()),
        initrds: authorized.initrds().parts().iter().map(|initrd| initrd.path.clone()).collect(),
        cmdline: authorized.cmdline().as_str().into(),
    }
}

/// Forgets what is loaded, by the file system call: a locked down kernel permits no other.
///
/// # Errors
/// Only what has no reason in the table.
pub fn unload(system: System<'_>, slot: Slot) -> anyhow::Result<Result<(), Finding>> {
    let machine = Machine::read(system.root);
    if let Err(finding) = permit::may_load(&machine, slot) {
        return Ok(Err(finding));
    }
    let loaded = if slot == Slot::Panic { machine.kexec.crash_loaded } else { machine.kexec.loaded };
    if loaded == Some(false) {
        return Ok(Err(Reason::NothingLoaded.into()));
    }
    let Some(records) = Records::lock(system.root).context("cannot lock /run/skexec")? else {
        return Ok(Err(Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock")));
    };
    if let Err(errno) = system.kexec.unload(slot == Slot::Panic) {
        return Ok(Err(call::explain(errno, &machine, false)));
    }
    records.forget(slot).context("the kernel was unloaded, but its record in /run/skexec remains")?;
    Ok(Ok(()))
}

/// What is recorded of a loaded kernel.
///
/// # Errors
/// What reading the record answers.
pub fn recorded(root: &Root, slot: Slot) -> anyhow::Result<Option<Record>> {
    record::read(root, slot).context("cannot read the record in /run/skexec")
}
