//! The check itself: it writes nothing but its verdict, so that it can be run as often as one likes.

use crate::params::{Backup, Params, REGIONS, Span};
use crate::sha256::{Instructions, Job, run};

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

/// Compares the image's own digest, then every region's.
///
/// # Safety
/// From `image` on, everything up to and with the block must be readable: the image's file bytes, which end with
/// `params`. So must all regions be, unless the image is damaged.
#[must_use]
pub unsafe fn check(image: *const u8, params: &Params) -> Verdict {
    let instructions = instructions(params);
    let digest = core::ptr::from_ref(&params.self_digest);
    let own = Job::new(image, digest.addr().wrapping_sub(image.addr()));
    // SAFETY: the caller's word: what lies between the two is the image.
    let own = unsafe { own.finish(instructions) };
    // Before this, nothing in the block is believed but the choice between the two ways to compute the digest.
    if own != params.self_digest {
        return Verdict { damaged: PURGATORY, found: own };
    }
    let mut jobs = [Job::NONE; REGIONS];
    for ((_, region), job) in (0..params.region_count).zip(&params.regions).zip(&mut jobs) {
        *job = Job::new(address(region.start), size(region.length));
    }
    // SAFETY: the caller's word.
    unsafe { run(&mut jobs, instructions) };
    for ((index, region), job) in (0..params.region_count).zip(&params.regions).zip(jobs) {
        // SAFETY: the caller's word.
        let found = unsafe { job.finish(instructions) };
        if found != region.digest {
            return Verdict { damaged: index, found };
        }
    }
    Verdict { damaged: SOUND, found: [0; 32] }
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

/// Copies what the old kernel left in memory that the new kernel may take.
///
/// # Safety
/// What is copied must be readable; its copy must be memory that nobody else uses, and not overlap it.
pub unsafe fn backup(params: &Params) {
    let Backup { from, to, length } = params.backup;
    if length != 0 {
        // SAFETY: the caller's word.
        unsafe { address(to).cast_mut().copy_from_nonoverlapping(address(from), size(length)) };
    }
}

/// What the loader found the processor to have.
fn instructions(params: &Params) -> Instructions {
    #[cfg(target_arch = "x86_64")]
    if params.sha_ni != 0 {
        // SAFETY: the loader's word: the processor has them.
        return unsafe { Instructions::sha_ni() };
    }
    let _ = params;
    Instructions::BASELINE
}

fn address(physical: u64) -> *const u8 {
    core::ptr::with_exposed_provenance(size(physical))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "both have 64 bits on every processor that this runs on"
)]
const fn size(number: u64) -> usize {
    number as usize
}
