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
    /// Bytes of memory that it takes; less than its content counts as that, nothing as a page.
    pub memory: u64,
    /// Whether the kernel expects zeros behind the content, up to the end of the segment. The running kernel fills the rest of
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
    /// The number of its bytes, whatever the addresses will be.
    fn length(&self) -> u64;

    /// The bytes for a segment at `own`. `before` holds the segments that stand before it in the list, complete.
    ///
    /// # Errors
    /// What makes the content impossible.
    fn make(&self, own: PhysRange, before: &[Segment<'_>]) -> Result<Vec<u8>, Finding>;
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
    /// The only address where it may lie, whatever the four fields above say.
    pub fixed: Option<PhysAddr>,
}

impl Default for Constraints {
    /// Any page from 1 MiB on.
    fn default() -> Self {
        let (lowest, highest) = (PhysAddr::new(MIB), PhysAddr::new(u64::MAX));
        Self { alignment: PAGE, fallback_alignment: PAGE, lowest, highest, fixed: None }
    }
}

impl<'a> SegmentSpec<'a> {
    /// A segment that takes as much memory as its content, at any page from 1 MiB on.
    pub fn new(role: Role, name: impl Into<Cow<'static, str>>, content: Content<'a>) -> Self {
        let memory = content.length();
        Self { role, name: name.into(), content, memory, zeroed: false, constraints: Constraints::default() }
    }

    /// Bytes of memory in whole pages.
    pub(super) fn pages(&self) -> u64 {
        self.memory.max(self.content.length()).max(1).checked_next_multiple_of(PAGE).unwrap_or(u64::MAX)
    }
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
