//! The segments of `kexec_load`, worked out before anything is called: what goes where, and the purgatory that checks it.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod bounds;
mod console;
pub mod draw;
mod kernel;
pub mod limits;
pub mod pieces;
pub mod place;
mod regions;
mod summary;

pub use bounds::Bounds;
pub use console::Console;
pub use summary::Summary;

use crate::authorize::Authorized;
use crate::boot_params::BootParams;
use crate::machine::Machine;
use crate::memory::{PhysAddr, PhysRange};
use crate::purgatory::{self, OnMismatch, Orders};
use crate::reason::{Finding, Reason};
use crate::sys;
use kernel::Image;
use place::{Room, place};
use std::borrow::Cow;

/// What the user may say about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `--mem-min`, `--mem-max`.
    pub bounds: Bounds,
    /// Where the purgatory reports damage.
    pub console: Console,
    /// What it does then.
    pub on_mismatch: OnMismatch,
}

/// Segments that are ready for `kexec_load`.
#[derive(Debug)]
pub struct Segments<'a> {
    /// Where the running kernel is to jump to: into the purgatory.
    pub entry: PhysAddr,
    /// In ascending order of their addresses.
    pub parts: Vec<Part<'a>>,
    /// What the next kernel and the purgatory are told.
    pub summary: Summary,
}

/// One segment.
#[derive(Debug)]
pub struct Part<'a> {
    /// What it is.
    pub name: Cow<'static, str>,
    /// Where it goes, whole pages.
    pub range: PhysRange,
    /// What is put there; zeros follow.
    pub bytes: Cow<'a, [u8]>,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

impl<'a> Part<'a> {
    /// Its digest is for later.
    fn new(name: Cow<'static, str>, range: PhysRange, bytes: Cow<'a, [u8]>) -> Self {
        Self { name, range, bytes, digest: [0; 32] }
    }
}

/// Puts kernel, initrd, boot_params and the purgatory in their places.
///
/// # Errors
/// `memory-map`, `no-5level`, `cmdline-too-long`, `cmdline-nul`, `half-of-ram`, `no-memory-hole`, `too-many-segments`;
/// `setup-header` and `truncated` where the image contradicts itself.
pub fn segments<'a>(
    authorized: &'a Authorized,
    initrd: Option<&'a [u8]>,
    machine: &Machine,
    options: &Options,
) -> Result<Segments<'a>, Finding> {
    let map = machine.memory.map.as_ref().map_err(|problem| Finding::from(*problem))?;
    let image = Image::of(authorized)?;
    if machine.cpu.la57 == Some(true) && !authorized.image().five_level() {
        return Err(Reason::FiveLevel.into());
    }
    let boot_params = BootParams {
        header: image.header,
        handover: &machine.handover,
        e820: &map.e820,
        cmdline: authorized.cmdline().for_segments(authorized.image().cmdline_size())?,
        rng_seed: sys::seed(),
        kernel_alignment: None,
    };
    let mut wanted = image.pieces.clone();
    wanted.extend(initrd.map(|initrd| pieces::initrd(length(initrd))));
    wanted.push(pieces::boot_params(u64::try_from(boot_params.length()).unwrap_or(u64::MAX)));
    wanted
        .push(pieces::purgatory(u64::try_from(purgatory::file_bytes()).unwrap_or(u64::MAX), purgatory::memory_bytes()));
    let usable = limits::memmap(authorized.cmdline(), &map.usable);
    let room = Room {
        usable: &usable,
        limit: machine.memory.kexec_limit(),
        lowest: options.bounds.lowest(),
        highest: options.bounds.highest(authorized.image(), authorized.cmdline()),
    };
    let ranges = place(&wanted, &room).map_err(|finding| Bounds::blame(finding, &map.usable, &room))?;
    let places = Places::of(&ranges, image.parts.len(), initrd.is_some())?;
    let watch = Watch {
        sha_ni: machine.cpu.sha_ni == Some(true),
        console: options.console.resolve(authorized.cmdline().as_str(), machine.handover.text_mode()),
        on_mismatch: options.on_mismatch,
    };
    let (entry, parts) = assemble(&image, initrd, &boot_params, &places, watch)?;
    Ok(Segments { entry, parts, summary: Summary::new(&boot_params, watch) })
}

/// How the purgatory is to watch over it all.
#[derive(Debug, Clone, Copy)]
struct Watch {
    sha_ni: bool,
    console: purgatory::Console,
    on_mismatch: OnMismatch,
}

/// Fills the places.
fn assemble<'a>(
    image: &Image<'a>,
    initrd: Option<&'a [u8]>,
    boot_params: &BootParams<'_>,
    places: &Places,
    watch: Watch,
) -> Result<(PhysAddr, Vec<Part<'a>>), Finding> {
    let of_kernel = image.parts.iter().zip(&places.kernel);
    let mut parts: Vec<_> =
        of_kernel.map(|((name, bytes), range)| Part::new(name.clone(), *range, Cow::Borrowed(*bytes))).collect();
    let initrd = initrd.zip(places.initrd);
    parts.extend(initrd.map(|(bytes, range)| Part::new("initrd".into(), range, Cow::Borrowed(bytes))));
    let exactly = initrd.and_then(|(bytes, range)| PhysRange::of_length(range.start(), length(bytes)));
    let boot_params = BootParams { kernel_alignment: image.alignment(&places.kernel), ..*boot_params };
    let bytes = boot_params.bytes(places.boot_params.start(), exactly)?;
    parts.push(Part::new("boot_params".into(), places.boot_params, Cow::Owned(bytes)));
    let stretches = regions::stretches(&parts);
    let orders = Orders {
        entry: image.entry(&places.kernel).ok_or(Reason::NoMemoryHole)?.get(),
        boot_params: places.boot_params.start().get(),
        regions: regions::regions(&stretches),
        zero: image.zero(&places.kernel).into_iter().map(|range| (range.start().get(), range.len())).collect(),
        sha_ni: watch.sha_ni,
        console: watch.console,
        on_mismatch: watch.on_mismatch,
    };
    let armed = purgatory::arm(&orders)?;
    parts.push(Part::new("purgatory".into(), places.purgatory, Cow::Owned(armed)));
    parts.sort_by_key(|part| part.range);
    let digests = regions::digests(&parts.iter().map(|part| &*part.bytes).collect::<Vec<_>>());
    for (part, digest) in parts.iter_mut().zip(digests) {
        part.digest = digest;
    }
    let entry = places.purgatory.start().checked_add(purgatory::ENTRY).ok_or(Reason::NoMemoryHole)?;
    Ok((entry, parts))
}

/// Where everything goes.
struct Places {
    kernel: Vec<PhysRange>,
    initrd: Option<PhysRange>,
    boot_params: PhysRange,
    purgatory: PhysRange,
}

impl Places {
    /// In the order in which they were asked for.
    fn of(ranges: &[PhysRange], kernel: usize, initrd: bool) -> Result<Self, Finding> {
        let (kernel, others) = ranges.split_at_checked(kernel).ok_or(Reason::NoMemoryHole)?;
        let (initrd, boot_params, purgatory) = match (initrd, others) {
            (true, [initrd, boot_params, purgatory]) => (Some(*initrd), *boot_params, *purgatory),
            (false, [boot_params, purgatory]) => (None, *boot_params, *purgatory),
            _ => return Err(Reason::NoMemoryHole.into()),
        };
        Ok(Self { kernel: kernel.to_vec(), initrd, boot_params, purgatory })
    }
}
impl Segments<'_> {
    /// The physical memory with the segments in it, to scale.
    #[must_use]
    pub fn drawing(&self, machine: &Machine, width: usize) -> Vec<String> {
        let Ok(map) = &machine.memory.map else { return Vec::new() };
        let segments: Vec<_> = self.parts.iter().map(|part| (&*part.name, part.range)).collect();
        draw::draw(&map.usable, &map.e820, &segments, width)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
