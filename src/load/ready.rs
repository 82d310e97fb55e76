//! What the kernel is given, worked out; then the call.

use super::call;
use super::fit;
use super::method::Choice;
use super::outcome::Plan;
use super::request::Request;
use crate::authorize::{Authorized, Piece};
use crate::machine::Machine;
use crate::plan::{self, Segments};
use crate::reason::Finding;
use crate::sys::Kexec;
use crate::system::{Method, Slot};

/// A load that lacks nothing but its call.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    authorized: &'a Authorized,
    given: Given<'a>,
    slot: Slot,
    pub(super) plan: Plan,
}

/// What the kernel is given.
#[derive(Debug)]
enum Given<'a> {
    /// The files.
    Files,
    /// Segments made of them.
    Segments(Segments<'a>),
}

/// The initrds as segments need them: in one piece, that nothing changes any more.
pub(super) fn initrd_bytes(authorized: &Authorized, method: Method) -> Result<Option<Piece<'_>>, Finding> {
    match method {
        Method::File => Ok(None),
        Method::Segments => authorized.initrds().in_one_piece(),
    }
}

impl<'a> Ready<'a> {
    /// Checks that everything fits, and makes segments where they are wanted.
    pub(super) fn new(
        authorized: &'a Authorized,
        initrd: Option<&'a [u8]>,
        choice: Choice,
        machine: &Machine,
        request: &Request,
    ) -> Result<Self, Finding> {
        let (given, plan) = match choice.method {
            Method::File => (Given::Files, fit::file(authorized, machine, request.slot, choice.why)?),
            Method::Segments => {
                let segments = plan::segments(authorized, initrd, machine, &request.segments)?;
                let plan = fit::segments(authorized, machine, &segments, choice.why);
                (Given::Segments(segments), plan)
            }
        };
        Ok(Self { authorized, given, slot: request.slot, plan })
    }

    /// Makes the call.
    pub(super) fn call(&self, kexec: &dyn Kexec, machine: &Machine) -> Result<(), call::Failed> {
        match &self.given {
            Given::Files => call::file_load(kexec, machine, self.authorized, self.slot),
            Given::Segments(segments) => call::segments_load(kexec, machine, segments),
        }
    }

    pub(super) const fn authorized(&self) -> &Authorized {
        self.authorized
    }

    pub(super) const fn method(&self) -> Method {
        match self.given {
            Given::Files => Method::File,
            Given::Segments(_) => Method::Segments,
        }
    }
}
