//! Everything that stands against loading a kernel. A load stops at the first, because what comes later depends on what came before;
//! who asks what to do about a machine wants to know all of it at once.

use super::fit::{self, Need};
use super::method;
use super::outcome::Outcome;
use super::request::Request;
use crate::arch::{Architecture as _, Platform};
use crate::authorize::{Assessment, Candidate, Reading, Role, verify};
use crate::gather::gather;
use crate::image::{Kernel, Parsed};
use crate::machine::{Machine, enforcement};
use crate::permit;
use crate::prediction::Prediction;
use crate::reason::Finding;
use crate::sealed::Sealed;
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
        let mut of_machine = on_this_machine(system, request, outcome);
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

/// What was seen of the kernel when it was judged, so that it need not be read and judged again.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Nothing where the file cannot be loaded on any machine.
    image: Option<Kernel>,
    /// What the running kernel would need to verify it.
    needs: Needs,
    prediction: Prediction,
}

impl Seen {
    pub(super) fn of(assessment: &Assessment<Sealed>, trust: &Trust) -> Self {
        let file = assessment.judgement.subject();
        let needs = match file.linux() {
            Some(linux) => Needs::of_embedded(&Parsed::new(linux.bytes()), &trust.anchors),
            None => Needs::of_embedded(file, &trust.anchors),
        };
        let prediction = assessment.prediction.unwrap_or_default();
        Self { image: file.loadable().ok().cloned(), needs, prediction }
    }

    /// For a load that stopped before the kernel. Without a policy nobody knows whom to trust, so no file is judged.
    fn read(system: System<'_>, request: &Request) -> Option<Self> {
        let trust = gather(system.root, &Policy::read(system.root).ok()?, &request.trust).ok()?.trust;
        let candidate = Candidate::read(request.kernel.as_deref()?, Reading::to_judge(&trust)).ok()?;
        Some(Self::of(&verify(candidate, Role::Kernel, Signature::Embedded, &trust), &trust))
    }

    /// Whether the running kernel would accept the image by its own keys.
    fn accepted(&self, machine: &Machine) -> Result<(), Finding> {
        // That is said of skexec's trusted certificates; the running kernel may hold the key all the same.
        let other_keys = self.prediction.name() == Some("ENOKEY");
        permit::accepts(machine, &self.needs, if other_keys { Prediction::default() } else { self.prediction })
    }
}

/// What this machine would refuse, whoever signed the file.
fn on_this_machine(system: System<'_>, request: &Request, outcome: &Outcome) -> Vec<Finding> {
    let read = || (Machine::read(system.root), Platform::read(system.root));
    let (machine, platform) = outcome.here.clone().unwrap_or_else(read);
    let by = |method| permit::obstacles(method, &machine, &platform, request.slot);
    let seen = outcome.seen.clone().or_else(|| Seen::read(system, request));
    let Some((image, seen)) = seen.as_ref().and_then(|seen| Some((seen.image.as_ref()?, seen))) else {
        return by(Method::File);
    };
    let method = match method::choose(request.method, image, &machine) {
        Ok(choice) => choice.method,
        Err(finding) => return vec![finding],
    };
    let mut found = by(method);
    found.extend(misfits(image, method, &machine, &platform, request));
    if method == Method::File && enforcement(&machine).may_enforce() {
        found.extend(seen.accepted(&machine).err());
    }
    found
}

/// What does not fit this machine, by the kernel's headers.
fn misfits(image: &Kernel, method: Method, machine: &Machine, platform: &Platform, request: &Request) -> Vec<Finding> {
    let room = fit::before_copying(Need::of(image, method), &[], false, machine, request.slot);
    platform.can_enter(image).err().into_iter().chain(room.err()).collect()
}
