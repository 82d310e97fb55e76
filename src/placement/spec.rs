//! What a segment is to be, before it has an address.

use super::{Segment, length};
use crate::memory::{MIB, PAGE, PhysAddr, PhysRange};
use crate::reason::Finding;
use std::borrow::Cow;
use std::fmt;

/// What a segment is for. Contents that depend on other segments find them by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A part of the kernel; an ELF kernel has several.
    Kernel,
    /// All initrds, joined.
    Initrd,
    /// What the kernel is told at its entry: boot_params on x86, a device tree elsewhere.
    BootData,
    /// The page tables that the purgatory enters the kernel with.
    PageTables,
    /// The headers of a dump, for a crash kernel.
    CoreHeader,
    /// Room for a copy of low memory, which a crash kernel overwrites.
    Backup,
    /// The code that checks all other segments and enters the kernel.
    Purgatory,
}

/// The specification of a segment.
#[derive(Debug)]
pub struct SegmentSpec<'a> {
    /// What it is for.
    pub role: Role,
    /// What people call it.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub content: Content<'a>,
    /// Bytes of memory that are loaded; less than its content counts as that, nothing as a page.
    pub memory: u64,
    /// Bytes of memory from its start on in which no other segment may lie; less than what is loaded counts as that. What is
    /// reserved and not loaded costs nothing before the jump: it is neither copied nor checked.
    pub window: u64,
    /// Whether the kernel expects zeros behind the content, up to the end of the window. The running kernel fills the rest of
    /// the last page only.
    pub zeroed: bool,
    /// Where it may lie.
    pub constraints: Constraints,
}

/// What a segment holds.
#[derive(Debug)]
pub enum Content<'a> {
    /// Bytes that do not depend on any address.
    Bytes(&'a [u8]),
    /// Bytes that are made when all addresses are known.
    Deferred(Box<dyn Deferred + 'a>),
}

/// A content that depends on addresses, its own or those of other segments.
pub trait Deferred: fmt::Debug {
    /// The number of its bytes, whatever the addresses will be; the most where their number depends on the addresses.
    fn length(&self) -> u64;

    /// The bytes for a segment at `own`. `before` holds the segments that stand before it in the list, complete; `windows` the
    /// addresses that all segments reserve, in the order of the list.
    ///
    /// # Errors
    /// What makes the content impossible.
    fn make(&self, own: PhysRange, before: &[Segment<'_>], windows: &[PhysRange]) -> Result<Vec<u8>, Finding>;
}

/// Where a segment may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// The alignment of its first byte, a power of two; less than a page counts as a page.
    pub alignment: u64,
    /// The alignment that will do when no free stretch has room with the first.
    pub fallback_alignment: u64,
    /// It must not lie below.
    pub lowest: PhysAddr,
    /// It must end here or below.
    pub highest: PhysAddr,
    /// The only address where it may lie, whatever the other fields say.
    pub fixed: Option<PhysAddr>,
    /// Random numbers. Each draws one of the places that the fields above leave, all with the same probability; the first that
    /// leaves a place for every other segment counts. Where there are none, or none does, it lies as high as it can.
    pub draws: Vec<u64>,
}

impl Default for Constraints {
    /// Any page from 1 MiB on.
    fn default() -> Self {
        let (lowest, highest) = (PhysAddr::new(MIB), PhysAddr::new(u64::MAX));
        Self { alignment: PAGE, fallback_alignment: PAGE, lowest, highest, fixed: None, draws: Vec::new() }
    }
}

impl<'a> SegmentSpec<'a> {
    /// A segment that takes as much memory as its content, at any page from 1 MiB on.
    pub fn new(role: Role, name: impl Into<Cow<'static, str>>, content: Content<'a>) -> Self {
        let memory = content.length();
        Self { role, name: name.into(), content, memory, window: 0, zeroed: false, constraints: Constraints::default() }
    }

    /// Bytes of memory that are loaded, in whole pages.
    pub(super) fn pages(&self) -> u64 {
        pages(self.memory.max(self.content.length()).max(1))
    }

    /// Bytes of memory that are reserved, in whole pages.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        self.pages().max(pages(self.window))
    }
}

fn pages(bytes: u64) -> u64 {
    bytes.checked_next_multiple_of(PAGE).unwrap_or(u64::MAX)
}

impl Content<'_> {
    /// The number of its bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => length(bytes),
            Self::Deferred(deferred) => deferred.length(),
        }
    }
}
