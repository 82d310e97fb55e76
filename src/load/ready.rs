//! Works out what the kernel is given; then makes the call, and records it.

use super::account::Stop;
use super::call;
use super::fit;
use super::method::Choice;
use super::outcome::Plan;
use super::request::Request;
use crate::arch::Platform;
use crate::authorize::{Authorized, Piece};
use crate::machine::Machine;
use crate::reason::{Finding, Reason};
use crate::record::{Record, Records};
use crate::segments::Segments;
use crate::system::{Method, Slot, System};
use anyhow::Context as _;

/// A load that is complete but for its call.
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
    /// The files, for `kexec_file_load`.
    Files,
    /// Segments made of them, for `kexec_load`.
    Segments(Segments<'a>),
}

/// The initrds as segments need them: joined to one sealed piece.
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
        machine: &'a Machine,
        platform: &'a Platform,
        request: &Request,
    ) -> Result<Self, Finding> {
        let (given, plan) = match choice.method {
            Method::File => (Given::Files, fit::file(authorized, machine, platform, request.slot, choice.why)?),
            Method::Segments => {
                let segments = Segments::new(authorized, initrd, machine, platform, &request.segments)?;
                let plan = fit::segments(authorized, machine, &segments, choice.why);
                (Given::Segments(segments), plan)
            }
        };
        Ok(Self { authorized, given, slot: request.slot, plan })
    }

    /// Makes the call and records it, under the lock that keeps other skexec processes from doing the same.
    pub(super) fn hand_over(&self, system: System<'_>, machine: &Machine) -> Result<(), Stop> {
        let records = Records::lock(system.root).context("cannot lock /run/skexec")?;
        let records = records.ok_or_else(|| Finding::new(Reason::Busy, "another skexec holds /run/skexec/lock"))?;
        let record = records.prepare(self.slot, &Record::of(self.authorized, self.method()));
        let record = record.context("cannot write the record in /run/skexec")?;
        let done = match &self.given {
            Given::Files => call::file_load(system.kexec, machine, self.authorized, self.slot),
            Given::Segments(segments) => call::segments_load(system.kexec, machine, segments),
        };
        match done {
            Ok(()) => {
                let committed = record.commit();
                Ok(committed
                    .context("the kernel is loaded, but the record in /run/skexec cannot be put in its place")?)
            }
            Err(failed) => {
                if failed.kept {
                    record.restore().context("cannot put the record in /run/skexec back in its place")?;
                }
                Err(failed.finding.into())
            }
        }
    }

    const fn method(&self) -> Method {
        match self.given {
            Given::Files => Method::File,
            Given::Segments(_) => Method::Segments,
        }
    }
}
