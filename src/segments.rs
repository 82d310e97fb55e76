//! The segments of one `kexec_load`: what is to be loaded, and where in memory.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod bounds;
mod crash;

pub use bounds::Bounds;
pub use crash::CrashPlan;

use crate::arch::{Architecture, Boot, LaidOut, Layout, OnDamage, Platform, Summary};
use crate::authorize::Authorized;
use crate::image::Kernel;
use crate::machine::Machine;
use crate::machine::memory::MemoryMap;
use crate::memory::{PhysAddr, RangeSet};
use crate::placement::{Role, Room, Segment, draw, place, search};
use crate::reason::{Finding, Reason};

/// How the user wants the segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `--layout`; `None` is the first that applies.
    pub layout: Option<Layout>,
    /// `--mem-min`, `--mem-max`.
    pub bounds: Bounds,
    /// What the purgatory does about a damaged segment.
    pub on_damage: OnDamage,
}

impl Options {
    /// The part of the memory `usable` in which segments may lie. The running kernel's limit is the same for a crash kernel.
    fn room<'a>(&self, usable: &'a RangeSet, machine: &Machine) -> Room<'a> {
        let (lowest, highest) = (self.bounds.lowest(), self.bounds.highest());
        Room { usable, limit: machine.memory.kexec_limit(), lowest, highest }
    }
}

/// Segments that are ready for `kexec_load`.
#[derive(Debug)]
pub struct Segments<'a> {
    /// The physical address that the running kernel jumps to: the purgatory's entry point.
    pub entry: PhysAddr,
    /// In ascending order of their addresses.
    pub list: Vec<Segment<'a>>,
    /// What the next kernel and the purgatory are told.
    pub summary: Summary,
}

impl<'a> Segments<'a> {
    /// Makes the segments for what is booted in its layout, and finds an address for each.
    ///
    /// # Errors
    /// `memory-map`; those of [`Architecture::prepare`] and of [`place`].
    pub fn new(
        boot: &Boot<'a>,
        laid_out: &'a LaidOut,
        machine: &'a Machine,
        platform: &'a Platform,
        options: &Options,
        crash: Option<&CrashPlan>,
    ) -> Result<Self, Finding> {
        let free = free(machine, crash)?;
        let prepared = platform.prepare(boot, laid_out, options.on_damage)?;
        let usable = Platform::usable(boot.cmdline, free);
        let room = options.room(&usable, machine);
        let linked = matches!(boot.kernel, Kernel::Elf(_));
        let blame = |finding| {
            let finding = options.bounds.blame(finding, free, &usable, boot.cmdline);
            match crash {
                Some(crash) => crash.blame(finding, linked),
                None => finding,
            }
        };
        let mut list = place(prepared.specs, &room).map_err(blame)?;
        let entry = entry(&list).ok_or(Reason::NoMemoryHole)?;
        list.sort_by_key(|segment| segment.range);
        Ok(Self { entry, list, summary: prepared.summary })
    }

    /// The physical memory with the segments in it, to scale.
    #[must_use]
    pub fn drawing(&self, machine: &Machine, width: usize) -> Vec<String> {
        let Ok(map) = &machine.memory.map else { return Vec::new() };
        let segments: Vec<_> = self.list.iter().map(|segment| (&*segment.name, segment.window)).collect();
        draw::draw(&map.usable, &map.entries, &segments, width)
    }
}

/// What the next kernel is given besides kernel, initrd and command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Besides<'a> {
    /// The mark by which it shows who loaded it.
    pub mark: Option<&'a [u8]>,
    /// What a crash kernel is told.
    pub crash: Option<&'a CrashPlan>,
    /// SHA-256 of the processors and the memory that the headers of a dump name.
    pub hardware: Option<&'a str>,
}

/// Whether the segments for what is booted find addresses in this layout; nothing is made.
///
/// # Errors
/// Those of [`Segments::new`], but for what their contents make impossible.
pub fn fit(
    boot: &Boot<'_>,
    laid_out: &LaidOut,
    machine: &Machine,
    platform: &Platform,
    options: &Options,
    crash: Option<&CrashPlan>,
) -> Result<(), Finding> {
    let prepared = platform.prepare(boot, laid_out, options.on_damage)?;
    let usable = Platform::usable(boot.cmdline, free(machine, crash)?);
    search(&prepared.specs, &options.room(&usable, machine)).map(drop)
}

/// What is booted: what was authorized, its initrds in one piece, and the mark.
///
/// # Errors
/// `memory-map`; those of joining the initrds.
pub fn boot<'a>(
    authorized: &'a Authorized,
    machine: &'a Machine,
    Besides { mark, crash, .. }: Besides<'a>,
) -> Result<Boot<'a>, Finding> {
    let (cmdline, entries) = match crash {
        Some(crash) => (&crash.cmdline, &crash.map),
        None => (authorized.cmdline(), &map(machine)?.entries),
    };
    Ok(Boot {
        kernel: authorized.image(),
        file: authorized.kernel().bytes(),
        initrd: authorized.initrds().in_one_piece()?,
        cmdline,
        map: entries,
        mark,
        crash: crash.map(|crash| &crash.given),
    })
}

/// Memory that segments may be put in.
fn free<'a>(machine: &'a Machine, crash: Option<&'a CrashPlan>) -> Result<&'a RangeSet, Finding> {
    match crash {
        Some(crash) => Ok(&crash.room),
        None => Ok(&map(machine)?.usable),
    }
}

fn map(machine: &Machine) -> Result<&MemoryMap, Finding> {
    machine.memory.map.as_ref().map_err(|problem| Finding::from(*problem))
}

fn entry(segments: &[Segment<'_>]) -> Option<PhysAddr> {
    let purgatory = segments.iter().find(|segment| segment.role == Role::Purgatory)?;
    purgatory.range.start().checked_add(Platform::PURGATORY_ENTRY)
}

#[cfg(test)]
mod tests;
