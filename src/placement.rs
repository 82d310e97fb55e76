//! Segments, before and after they have an address.
//!
//! A [`SegmentSpec`] says what a segment holds and where it may lie. [`place`] takes the list of all specifications, finds an
//! address for each, and makes a list of [`Segment`]s of them. To add a segment is to push one more specification.
//!
//! Some contents depend on the addresses: boot_params name the address of the initrd, the purgatory holds the digest of every
//! other segment. Such a content is [`Deferred`]: its length is known before, its bytes are made after all addresses are
//! known, in the order of the list.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod chance;
mod digests;
pub mod draw;
mod search;
mod spec;

pub use chance::below;
pub use digests::{cut, cut_initrd, digests, side_by_side};
pub use search::{MOST_SEGMENTS, Room, search};
pub use spec::{Constraints, Content, Deferred, Role, SegmentSpec};

use crate::memory::PhysRange;
use crate::reason::Finding;
use std::borrow::Cow;

/// A segment that has its address and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// What it is for.
    pub role: Role,
    /// What people call it.
    pub name: Cow<'static, str>,
    /// The physical addresses that are loaded: whole pages.
    pub range: PhysRange,
    /// The physical addresses from the same start on that no other segment has a part of; see [`SegmentSpec::window`].
    pub window: PhysRange,
    /// What is copied to the start of the range; at most as long as the range.
    pub bytes: Cow<'a, [u8]>,
    /// See [`SegmentSpec::zeroed`].
    pub zeroed: bool,
}

impl Segment<'_> {
    /// The addresses that its bytes take; nothing where it has none.
    #[must_use]
    pub fn content(&self) -> Option<PhysRange> {
        PhysRange::of_length(self.range.start(), length(&self.bytes))
    }

    /// The addresses behind its bytes; nothing where the bytes fill the window.
    #[must_use]
    pub fn rest(&self) -> Option<PhysRange> {
        PhysRange::new(self.range.start().checked_add(length(&self.bytes))?, self.window.end())
    }
}

/// Finds an address for every segment, then makes their contents; the segments stand in the order of the specifications.
///
/// # Errors
/// Those of [`search`], and those of the deferred contents.
pub fn place<'a>(specs: Vec<SegmentSpec<'a>>, room: &Room<'_>) -> Result<Vec<Segment<'a>>, Finding> {
    let windows = search(&specs, room)?;
    let mut segments = Vec::with_capacity(specs.len());
    for (spec, window) in specs.into_iter().zip(&windows) {
        // No segment is loaded beyond what it reserves.
        let range = PhysRange::of_length(window.start(), spec.pages()).unwrap_or(*window);
        let bytes = match spec.content {
            Content::Bytes(bytes) => Cow::Borrowed(bytes),
            Content::Deferred(deferred) => Cow::Owned(deferred.make(range, &segments, &windows)?),
        };
        let SegmentSpec { role, name, zeroed, .. } = spec;
        segments.push(Segment { role, name, range, window: *window, bytes, zeroed });
    }
    Ok(segments)
}

/// The number of bytes, as the number of addresses that they take.
#[must_use]
pub fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
