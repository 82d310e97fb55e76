//! What differs by processor, behind the few things that every processor must provide: [`Architecture`] for the functions,
//! `Console` for where the purgatory reports, `LaidOut` for how the kernel lies in memory, `Summary` for what a dry run prints.
//!
//! Everything else stands outside and builds on every target: file formats, placement, sets of addresses, and what is read of
//! the running system. On a processor that has no module here, `verify` and `inspect` work, and `load` says what is missing.

#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(target_arch = "x86_64", allow(dead_code, unreachable_pub, reason = "only its tests run here"))]
mod other;
#[cfg(target_arch = "x86_64")]
pub mod x86_64;

#[cfg(not(target_arch = "x86_64"))]
pub use other::{Console, LaidOut, Platform, Summary};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{Console, LaidOut, Platform, Summary};

use crate::digest::Hashed;
use crate::image::Kernel;
use crate::image::cmdline::Cmdline;
use crate::machine::{CrashFacts, Memory};
use crate::memory::{MemoryEntry, PhysAddr, PhysRange, RangeSet};
use crate::placement::SegmentSpec;
use crate::reason::{Finding, Warning};
use crate::sources::Root;
use crate::sys::Private;

/// What a processor must provide. The implementing type holds the facts about this machine's processor and firmware that its
/// functions need.
pub trait Architecture: Sized {
    /// Every segment must end at or below this physical address.
    const HIGHEST: PhysAddr;
    /// The offset of the purgatory's entry point from the start of its segment, in bytes.
    const PURGATORY_ENTRY: u64;

    /// Reads the facts below `root`. A fact that cannot be read stays unknown.
    fn read(root: &Root) -> Self;

    /// Whether skexec can load a kernel on this processor at all.
    ///
    /// # Errors
    /// `unsupported-processor`.
    fn supported(&self) -> Result<(), Finding>;

    /// Whether the processor uses five-level page tables; `None` where that is not known, or no processor of this kind does.
    fn five_level(&self) -> Option<bool>;

    /// Whether this kernel can be entered in the state that the processor is in.
    ///
    /// # Errors
    /// `no-5level`.
    fn can_enter(&self, kernel: &Kernel) -> Result<(), Finding>;

    /// Whether a kernel that is loaded as segments would find what it needs on this machine, which was started by EFI or not.
    ///
    /// # Errors
    /// `confidential-guest`, `handover`.
    fn can_hand_over(&self, efi: bool) -> Result<(), Finding>;

    /// What a kernel that is loaded as segments would miss, and can do without.
    fn misses(&self, efi: bool) -> Option<Warning>;

    /// Low memory that every new kernel takes: a crash kernel gets it as memory, and its old content is copied first. Of the RAM
    /// of this map, in whole pages; nothing where there is none.
    fn low(map: &[MemoryEntry]) -> RangeSet;

    /// The headers of a dump: an ELF core file with a note for each processor, and with all RAM that is dumped. What the backup copies
    /// is found in its copy.
    fn core_header(facts: &CrashFacts, dumped: &RangeSet, backup: Option<Backup>) -> Vec<u8>;

    /// The part of free memory that a kernel with this command line takes for memory.
    fn usable(cmdline: &Cmdline, free: &RangeSet) -> RangeSet;

    /// How the kernel lies in memory: in the layout that is asked for, or else in the first that applies and for which the segments
    /// find addresses, as `fits` says. Unpacks the kernel where the layout needs that, as far as this machine's memory has room.
    ///
    /// # Errors
    /// `no-5level`; `layout` where the layout that is asked for does not apply.
    fn lay_out(
        &self,
        boot: &Boot<'_>,
        asked: Option<Layout>,
        memory: &Memory,
        fits: &Fits<'_>,
    ) -> Result<LaidOut, Finding>;

    /// The specifications of all segments. The purgatory is the last one, as it checks all others.
    ///
    /// # Errors
    /// `cmdline-too-long`, `cmdline-nul`; `truncated` and `setup-header` where the kernel's file contradicts itself.
    fn prepare<'a>(
        &'a self,
        boot: &Boot<'a>,
        laid_out: &'a LaidOut,
        on_damage: OnDamage,
    ) -> Result<Prepared<'a>, Finding>;
}

/// How a kernel that unpacks itself lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Unpacked and relocated by the loader, so that nothing of that is left to do after the jump.
    Vmlinux,
    /// The bytes of its file; the memory behind them in which it unpacks itself is reserved, but neither loaded nor checked.
    Elided,
    /// The bytes of its file, with all memory that it needs to unpack itself.
    Classic,
}

impl Layout {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Vmlinux, Self::Elided, Self::Classic];

    /// The name in options and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vmlinux => "vmlinux",
            Self::Elided => "elided",
            Self::Classic => "classic",
        }
    }
}

/// Whether the segments of a kernel that is laid out so find addresses: `no-memory-hole` where they do not.
pub type Fits<'a> = dyn Fn(&LaidOut) -> Result<(), Finding> + 'a;

/// What is booted.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// The kernel, parsed.
    pub kernel: &'a Kernel,
    /// The bytes of its file.
    pub file: &'a [u8],
    /// All initrds, joined, with the digests that were made while they were read.
    pub initrd: Option<&'a Hashed<Private>>,
    /// The new kernel's command line.
    pub cmdline: &'a Cmdline,
    /// The memory map that the new kernel is given.
    pub map: &'a [MemoryEntry],
    /// The mark by which the new kernel shows who loaded it.
    pub mark: Option<&'a [u8]>,
    /// What a crash kernel is given besides; nothing for another.
    pub crash: Option<&'a Crash>,
}

/// What a crash kernel is given to make a dump of the kernel before it. Both parts lie in its reservation, where its memory map has
/// none of its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// The headers of the dump, an ELF core file; `elfcorehdr=` on the command line names their place.
    pub header: Vec<u8>,
    /// Where they lie, in whole pages.
    pub header_at: PhysRange,
    /// The running kernel rewrites them when processors or memory come and go, so that the purgatory cannot check them.
    pub rewritten: bool,
    /// Memory that a new kernel takes wherever it is loaded: it is copied first.
    pub backup: Option<Backup>,
}

/// Low memory of the old kernel's, and its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// What is copied, in whole pages.
    pub from: PhysRange,
    /// Where the copy goes; as long.
    pub to: PhysRange,
}

/// What [`Architecture::prepare`] gives.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// All segments, before they have an address.
    pub specs: Vec<SegmentSpec<'a>>,
    /// What the new kernel and the purgatory are told.
    pub summary: Summary,
}

/// What the purgatory does about a damaged segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnDamage {
    /// Where it reports the damage.
    pub console: Console,
    /// What it does after the report.
    pub end: OnMismatch,
    /// It does not look for damage, but in itself.
    pub unchecked: bool,
}

/// How the purgatory ends when a segment is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnMismatch {
    /// It resets the machine, which comes back through its firmware.
    #[default]
    Reset,
    /// It stops the processor, so that the report can be read.
    Halt,
}
