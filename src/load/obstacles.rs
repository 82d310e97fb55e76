//! Everything that stands against loading a kernel. A load stops at the first, because what comes later depends on what came before;
//! who asks what to do about a machine wants to know all of it at once.

use super::fit::{self, Need};
use super::method;
use super::outcome::Outcome;
use super::request::Request;
use crate::arch::{Architecture as _, Platform};
use crate::authorize::{Candidate, Reading, Role, verify};
use crate::gather::gather;
use crate::image::Kernel;
use crate::machine::{Machine, enforcement};
use crate::permit;
use crate::prediction::Prediction;
use crate::reason::Finding;
use crate::sources::policy::Policy;
use crate::system::{Method, System};
use crate::trust::{Needs, Signature, Trust};

/// What stands against a load.
#[derive(Debug, Clone, Default)]
pub struct Obstacles {
    /// What is wrong with the file, or with who signed it.
    pub of_file: Vec<Finding>,
    /// What this machine would refuse besides.
    pub of_machine: Vec<Finding>,
}

impl Obstacles {
    /// All that can be told without loading: nothing where the dry run of this request was not refused.
    #[must_use]
    pub fn of(system: System<'_>, request: &Request, outcome: &Outcome) -> Self {
        let Some(refusal) = outcome.report.refusal() else { return Self::default() };
        let known: Vec<_> = refusal.iter().cloned().collect();
        let (of_file, first) = if outcome.report.trusted() { (Vec::new(), known) } else { (known, Vec::new()) };
        let mut of_machine = on_this_machine(system, request);
        for finding in first {
            match of_machine.iter_mut().find(|other| other.reason == finding.reason) {
                // The load has seen more.
                Some(other) => *other = finding,
                None => of_machine.push(finding),
            }
        }
        Self { of_file, of_machine }
    }

    /// All of them, those of the file first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.of_file.iter().chain(&self.of_machine)
    }
}

/// What this machine would refuse, whoever signed the file.
fn on_this_machine(system: System<'_>, request: &Request) -> Vec<Finding> {
    let (machine, platform) = (Machine::read(system.root), Platform::read(system.root));
    let by = |method| permit::obstacles(method, &machine, &platform, request.slot);
    // Without a policy nobody knows whom to trust, so no file is judged.
    let Ok(policy) = Policy::read(system.root) else { return by(Method::File) };
    let Ok(gathered) = gather(system.root, &policy, &request.trust) else { return by(Method::File) };
    let Some(candidate) = request.kernel.as_deref().and_then(|path| Candidate::read(path, how(&gathered.trust)).ok())
    else {
        return by(Method::File);
    };
    let Ok(image) = candidate.loadable() else { return by(Method::File) };
    let method = match method::choose(request.method, image, &machine) {
        Ok(choice) => choice.method,
        Err(finding) => return vec![finding],
    };
    let mut found = by(method);
    found.extend(misfits(image, method, &machine, &platform, request));
    if method == Method::File && enforcement(&machine).may_enforce() {
        found.extend(accepted(candidate, &gathered.trust, &machine).err());
    }
    found
}

fn how(trust: &Trust) -> Reading<'_> {
    Reading::to_judge(trust)
}

/// Whether the running kernel would accept the image by its own keys.
fn accepted(candidate: Candidate, trust: &Trust, machine: &Machine) -> Result<(), Finding> {
    let needs = match candidate.linux() {
        Some(linux) => Needs::of_embedded(&crate::image::Parsed::new(linux.bytes()), &trust.anchors),
        None => Needs::of_embedded(&candidate, &trust.anchors),
    };
    let prediction = verify(candidate, Role::Kernel, Signature::Embedded, trust).prediction.unwrap_or_default();
    // That is said of skexec's trusted certificates; the running kernel may hold the key all the same.
    let other_keys = prediction.name() == Some("ENOKEY");
    permit::accepts(machine, &needs, if other_keys { Prediction::default() } else { prediction })
}

/// What does not fit this machine, by the kernel's headers.
fn misfits(image: &Kernel, method: Method, machine: &Machine, platform: &Platform, request: &Request) -> Vec<Finding> {
    let room = fit::before_copying(Need::of(image, method), &[], machine, request.slot);
    platform.can_enter(image).err().into_iter().chain(room.err()).collect()
}
