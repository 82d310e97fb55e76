//! The check itself: it writes nothing but its verdict, so that it can be run as often as one likes.

use crate::params::{Params, REGIONS, Span};
use crate::sha256::{Job, together};

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
    let sha_ni = params.sha_ni != 0;
    let digest = core::ptr::from_ref(&params.self_digest);
    let own = Job::new(image, digest.addr().wrapping_sub(image.addr()));
    // SAFETY: the caller's word: what lies between the two is the image.
    let own = unsafe { own.finish(sha_ni) };
    // Before this, nothing in the block is believed but the choice between the two ways to compute the digest.
    if own != params.self_digest {
        return Verdict { damaged: PURGATORY, found: own };
    }
    let mut found = [[0; 32]; REGIONS];
    // SAFETY: the caller's word.
    unsafe { digests(params, &mut found) };
    for ((index, region), found) in (0..params.region_count).zip(&params.regions).zip(found) {
        if found != region.digest {
            return Verdict { damaged: index, found };
        }
    }
    Verdict { damaged: SOUND, found: [0; 32] }
}

/// A region's digest under way, and where it is wanted.
type Lane<'a> = (Job, &'a mut [u8; 32]);

/// The digest of every region: three at a time where that is faster, whichever is done making room for the next.
///
/// # Safety
/// All regions must be readable.
unsafe fn digests(params: &Params, found: &mut [[u8; 32]; REGIONS]) {
    let sha_ni = params.sha_ni != 0;
    let regions = (0..params.region_count).zip(&params.regions).map(|(_, region)| region);
    let mut waiting =
        regions.zip(found).map(|(region, found)| (Job::new(address(region.start), size(region.length)), found));
    let mut lanes: [Option<Lane<'_>>; 3] = [None, None, None];
    loop {
        for lane in &mut lanes {
            if lane.is_none() {
                *lane = waiting.next();
            }
        }
        // SAFETY: the caller's word.
        let alone = !sha_ni || unsafe { !side_by_side(&mut lanes) };
        let mut idle = true;
        for lane in &mut lanes {
            if let Some((job, found)) = lane
                && (alone || job.is_done())
            {
                // SAFETY: the caller's word.
                **found = unsafe { job.finish(sha_ni) };
                *lane = None;
                idle = false;
            }
        }
        if idle {
            return;
        }
    }
}

/// Runs what there is until one has no whole block left; `false` where there are not even two.
///
/// # Safety
/// All regions must be readable, and the processor must have what SHA-NI needs.
unsafe fn side_by_side(lanes: &mut [Option<Lane<'_>>; 3]) -> bool {
    match lanes {
        // SAFETY: the caller's word, here and below.
        [Some((a, _)), Some((b, _)), Some((c, _))] => unsafe { together([a, b, c]) },
        [Some((a, _)), Some((b, _)), None]
        | [Some((a, _)), None, Some((b, _))]
        | [None, Some((a, _)), Some((b, _))] => {
            // SAFETY: as above.
            unsafe { together([a, b]) }
        }
        _ => return false,
    }
    true
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

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "both have 64 bits on every processor that this runs on"
)]
const fn size(number: u64) -> usize {
    number as usize
}
