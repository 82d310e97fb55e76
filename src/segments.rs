//! The segments of one `kexec_load`: what is to be loaded, and where in memory.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]

mod bounds;

pub use bounds::Bounds;

use crate::arch::{Architecture, Boot, LaidOut, Layout, OnDamage, Platform, Summary};
use crate::authorize::Authorized;
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
    /// The part of the memory `usable` in which segments may lie.
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
    ) -> Result<Self, Finding> {
        let map = map(machine)?;
        let prepared = platform.prepare(boot, laid_out, options.on_damage)?;
        let usable = Platform::usable(boot.cmdline, &map.usable);
        let room = options.room(&usable, machine);
        let placed = place(prepared.specs, &room);
        let mut list = placed.map_err(|finding| Bounds::blame(finding, &map.usable, &room))?;
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
) -> Result<(), Finding> {
    let prepared = platform.prepare(boot, laid_out, options.on_damage)?;
    let usable = Platform::usable(boot.cmdline, &map(machine)?.usable);
    search(&prepared.specs, &options.room(&usable, machine)).map(drop)
}

/// What is booted: what was authorized, its initrds in one piece, and the mark.
///
/// # Errors
/// `memory-map`; those of joining the initrds.
pub fn boot<'a>(authorized: &'a Authorized, machine: &'a Machine, mark: Option<&'a [u8]>) -> Result<Boot<'a>, Finding> {
    Ok(Boot {
        kernel: authorized.image(),
        file: authorized.kernel().bytes(),
        initrd: authorized.initrds().in_one_piece()?,
        cmdline: authorized.cmdline(),
        map: &map(machine)?.entries,
        mark,
    })
}

fn map(machine: &Machine) -> Result<&MemoryMap, Finding> {
    machine.memory.map.as_ref().map_err(|problem| Finding::from(*problem))
}

fn entry(segments: &[Segment<'_>]) -> Option<PhysAddr> {
    let purgatory = segments.iter().find(|segment| segment.role == Role::Purgatory)?;
    purgatory.range.start().checked_add(Platform::PURGATORY_ENTRY)
}
