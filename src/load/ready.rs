//! Works out what the kernel is given; then makes the call.

use super::call;
use super::fit;
use super::method::Choice;
use super::outcome::Plan;
use super::request::Request;
use crate::arch::{Architecture as _, LaidOut, Platform};
use crate::authorize::Authorized;
use crate::machine::{CrashFacts, Machine};
use crate::reason::Finding;
use crate::segments::{self, Besides, CrashPlan, Segments};
use crate::sys::Memfd;
use crate::system::{Method, Slot, System};

/// A load that is complete but for its call.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    authorized: &'a Authorized,
    given: Given<'a>,
    slot: Slot,
    /// The next kernel gets a mark.
    marked: bool,
    hardware: Option<&'a str>,
    pub(super) plan: Plan,
}

/// What the kernel is given.
#[derive(Debug)]
enum Given<'a> {
    /// The files, for `kexec_file_load`; the copy of a kernel that is a part of its file.
    Files(Option<Memfd>),
    /// Segments made of them, for `kexec_load`, and its flags.
    Segments(Segments<'a>, u64),
}

/// What a crash kernel is told, where it is loaded as segments; nothing for any other load.
pub(super) fn crash(
    authorized: &Authorized,
    method: Method,
    machine: &Machine,
    facts: Option<Result<CrashFacts, Finding>>,
    request: &Request,
) -> Result<Option<CrashPlan>, Finding> {
    let Some(facts) = facts.filter(|_| method == Method::Segments) else { return Ok(None) };
    CrashPlan::new(authorized.cmdline(), &facts?, machine, &request.segments).map(Some)
}

/// How the kernel lies in segments, unpacked where its layout needs that; nothing for the file method.
pub(super) fn laid_out(
    authorized: &Authorized,
    method: Method,
    machine: &Machine,
    platform: &Platform,
    request: &Request,
    besides: Besides<'_>,
) -> Result<Option<LaidOut>, Finding> {
    if method == Method::File {
        return Ok(None);
    }
    let boot = segments::boot(authorized, machine, besides)?;
    let crash = besides.crash;
    let fits = |laid_out: &LaidOut| segments::fit(&boot, laid_out, machine, platform, &request.segments, crash);
    platform.lay_out(&boot, request.segments.layout, &machine.memory, &fits).map(Some)
}

impl<'a> Ready<'a> {
    /// Checks that everything fits, and makes segments where they are wanted: where the kernel is laid out.
    pub(super) fn new(
        authorized: &'a Authorized,
        laid_out: Option<&'a LaidOut>,
        choice: Choice,
        machine: &'a Machine,
        platform: &'a Platform,
        request: &Request,
        besides: Besides<'a>,
    ) -> Result<Self, Finding> {
        let (given, plan) = match laid_out {
            None => {
                let plan = fit::file(authorized, machine, platform, request.slot, choice.why)?;
                (Given::Files(authorized.kernel().copy()?), plan)
            }
            Some(laid_out) => {
                let (boot, crash) = (segments::boot(authorized, machine, besides)?, besides.crash);
                let segments = Segments::new(&boot, laid_out, machine, platform, &request.segments, crash)?;
                let plan = fit::segments(authorized, machine, laid_out, &segments, choice.why, request.segment_digests);
                let plan = match crash {
                    Some(crash) => plan.of_crash(crash),
                    None => plan,
                };
                (Given::Segments(segments, crash.map_or(0, CrashPlan::flags)), plan)
            }
        };
        Ok(Self {
            authorized,
            given,
            slot: request.slot,
            marked: besides.mark.is_some(),
            hardware: besides.hardware,
            plan,
        })
    }

    /// Makes the call.
    pub(super) fn call(&self, system: System<'_>, machine: &Machine) -> Result<(), call::Failed> {
        match &self.given {
            Given::Files(copy) => call::file_load(system, machine, self.authorized, copy.as_ref(), self.slot),
            Given::Segments(segments, flags) => call::segments_load(system, machine, (segments, *flags), self.slot),
        }
    }

    pub(super) const fn authorized(&self) -> &Authorized {
        self.authorized
    }

    pub(super) const fn marked(&self) -> bool {
        self.marked
    }

    /// What the headers of a dump name.
    pub(super) const fn hardware(&self) -> Option<&str> {
        self.hardware
    }

    pub(super) const fn method(&self) -> Method {
        match self.given {
            Given::Files(_) => Method::File,
            Given::Segments(..) => Method::Segments,
        }
    }
}
