//! Works out what the kernel is given; then makes the call.

use super::call;
use super::fit;
use super::method::Choice;
use super::outcome::Plan;
use super::request::Request;
use crate::arch::{Architecture as _, LaidOut, Platform};
use crate::authorize::Authorized;
use crate::machine::Machine;
use crate::reason::Finding;
use crate::segments::{self, Segments};
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
    pub(super) plan: Plan,
}

/// What the kernel is given.
#[derive(Debug)]
enum Given<'a> {
    /// The files, for `kexec_file_load`; the copy of a kernel that is a part of its file.
    Files(Option<Memfd>),
    /// Segments made of them, for `kexec_load`.
    Segments(Segments<'a>),
}

/// How the kernel lies in segments, unpacked where its layout needs that; nothing for the file method.
pub(super) fn laid_out(
    authorized: &Authorized,
    method: Method,
    machine: &Machine,
    platform: &Platform,
    request: &Request,
    mark: Option<&[u8]>,
) -> Result<Option<LaidOut>, Finding> {
    if method == Method::File {
        return Ok(None);
    }
    let boot = segments::boot(authorized, machine, mark)?;
    let fits = |laid_out: &LaidOut| segments::fit(&boot, laid_out, machine, platform, &request.segments);
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
        mark: Option<&'a [u8]>,
    ) -> Result<Self, Finding> {
        let (given, plan) = match laid_out {
            None => {
                let plan = fit::file(authorized, machine, platform, request.slot, choice.why)?;
                (Given::Files(authorized.kernel().copy()?), plan)
            }
            Some(laid_out) => {
                let boot = segments::boot(authorized, machine, mark)?;
                let segments = Segments::new(&boot, laid_out, machine, platform, &request.segments)?;
                let plan = fit::segments(authorized, machine, laid_out, &segments, choice.why, request.segment_digests);
                (Given::Segments(segments), plan)
            }
        };
        Ok(Self { authorized, given, slot: request.slot, marked: mark.is_some(), plan })
    }

    /// Makes the call.
    pub(super) fn call(&self, system: System<'_>, machine: &Machine) -> Result<(), call::Failed> {
        match &self.given {
            Given::Files(copy) => call::file_load(system, machine, self.authorized, copy.as_ref(), self.slot),
            Given::Segments(segments) => call::segments_load(system, machine, segments),
        }
    }

    pub(super) const fn authorized(&self) -> &Authorized {
        self.authorized
    }

    pub(super) const fn marked(&self) -> bool {
        self.marked
    }

    pub(super) const fn method(&self) -> Method {
        match self.given {
            Given::Files(_) => Method::File,
            Given::Segments(_) => Method::Segments,
        }
    }
}
