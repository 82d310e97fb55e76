//! The check itself: it writes nothing but its verdict, so that it can be run as often as one likes.

use crate::params::{Params, Span};
use crate::sha256;

/// [`Verdict::damaged`]: nothing is.
pub const SOUND: u32 = u32::MAX;
/// [`Verdict::damaged`]: the purgatory itself.
pub const PURGATORY: u32 = u32::MAX - 1;

/// What the check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Verdict {
    /// The index of the first region that is damaged, [`PURGATORY`] or [`SOUND`].
    pub damaged: u32,
    /// The digest that was found there; zeros where nothing is damaged.
    pub found: [u8; 32],
}

impl Verdict {
    const fn of(damaged: u32, found: [u8; 32]) -> Self {
        Self { damaged, found }
    }
}

/// Compares the image's own digest, then every region's.
///
/// # Safety
/// From `image` on, everything up to and with the block must be readable: the image's file bytes, which end with
/// `params`. So must all regions be, unless the image is damaged.
#[must_use]
pub unsafe fn check(image: *const u8, params: &Params) -> Verdict {
    let digest = core::ptr::from_ref(&params.self_digest);
    // SAFETY: the caller's word: what lies between the two is the image.
    let own = unsafe { sha256::digest(image, digest.addr().wrapping_sub(image.addr()), params.sha_ni != 0) };
    // Before this, nothing in the block is believed but the choice between the two ways to compute the digest.
    if own != params.self_digest {
        return Verdict::of(PURGATORY, own);
    }
    for (index, region) in (0..params.region_count).zip(&params.regions) {
        let (start, length) = (address(region.start), size(region.length));
        // SAFETY: the caller's word.
        let found = unsafe { sha256::digest(start, length, params.sha_ni != 0) };
        if found != region.digest {
            return Verdict::of(index, found);
        }
    }
    Verdict::of(SOUND, [0; 32])
}

/// Zeroes the spans, which are the part of a kernel that its file does not hold.
///
/// # Safety
/// The spans must be memory that nobody else uses.
pub unsafe fn zero(params: &Params) {
    for (_, Span { start, length }) in (0..params.span_count).zip(&params.zero) {
        // SAFETY: the caller's word.
        unsafe { address(*start).cast_mut().write_bytes(0, size(*length)) };
    }
}

fn address(physical: u64) -> *const u8 {
    core::ptr::with_exposed_provenance(size(physical))
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "x86-64 alone: both have 64 bits")]
const fn size(number: u64) -> usize {
    number as usize
}
