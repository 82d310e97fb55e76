//! With the SHA extensions: four rounds at a time, the next words of the message computed between them.

use super::{BLOCK, K};
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_load_si128, _mm_loadu_si128, _mm_set_epi64x,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
    _mm_storeu_si128,
};

/// Adds `blocks` blocks to the state.
///
/// # Safety
/// They must be readable at `start`, and the processor must have what is enabled here.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) unsafe fn compress(state: &mut [u32; 8], start: *const u8, blocks: usize) {
    // Big-endian words.
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let state: *mut __m128i = state.as_mut_ptr().cast();
    // SAFETY: eight words.
    let (dcba, hgfe) = unsafe { (_mm_loadu_si128(state), _mm_loadu_si128(state.add(1))) };
    // The instructions want the words as ABEF and CDGH.
    let (cdab, efgh) = (_mm_shuffle_epi32::<0xb1>(dcba), _mm_shuffle_epi32::<0x1b>(hgfe));
    let mut abef = _mm_alignr_epi8::<8>(cdab, efgh);
    let mut cdgh = _mm_blend_epi16::<0xf0>(efgh, cdab);

    let mut block: *const __m128i = start.cast();
    for _ in 0..blocks {
        let (abef_before, cdgh_before) = (abef, cdgh);
        // SAFETY: four quarters of a block that is readable.
        let load = |quarter: usize| unsafe { _mm_shuffle_epi8(_mm_loadu_si128(block.wrapping_add(quarter)), swap) };
        let (mut m0, mut m1, mut m2, mut m3);

        /// Four rounds on the words `$m`.
        macro_rules! rounds {
            ($four:literal, $m:ident) => {{
                let k: *const __m128i = K.0.as_ptr().cast();
                // SAFETY: 64 constants are sixteen fours, aligned.
                let with_k = _mm_add_epi32($m, unsafe { _mm_load_si128(k.add($four)) });
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, with_k);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32::<0x0e>(with_k));
            }};
        }
        /// Completes the words that follow `$m`, whose first half of the sum `$next` holds already.
        macro_rules! follow {
            ($before:ident, $m:ident, $next:ident) => {
                $next = _mm_sha256msg2_epu32(_mm_add_epi32($next, _mm_alignr_epi8::<4>($m, $before)), $m);
            };
        }
        /// Begins the words sixteen after `$before`.
        macro_rules! begin {
            ($before:ident, $m:ident) => {
                $before = _mm_sha256msg1_epu32($before, $m);
            };
        }
        /// Four rounds in the middle, where the words are computed.
        macro_rules! middle {
            ($four:literal, $before:ident, $m:ident, $next:ident) => {
                rounds!($four, $m);
                follow!($before, $m, $next);
                begin!($before, $m);
            };
        }

        m0 = load(0);
        rounds!(0, m0);
        m1 = load(1);
        rounds!(1, m1);
        begin!(m0, m1);
        m2 = load(2);
        rounds!(2, m2);
        begin!(m1, m2);
        m3 = load(3);
        middle!(3, m2, m3, m0);
        middle!(4, m3, m0, m1);
        middle!(5, m0, m1, m2);
        middle!(6, m1, m2, m3);
        middle!(7, m2, m3, m0);
        middle!(8, m3, m0, m1);
        middle!(9, m0, m1, m2);
        middle!(10, m1, m2, m3);
        middle!(11, m2, m3, m0);
        middle!(12, m3, m0, m1);
        rounds!(13, m1);
        follow!(m0, m1, m2);
        rounds!(14, m2);
        follow!(m1, m2, m3);
        rounds!(15, m3);

        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
        block = block.wrapping_byte_add(BLOCK);
    }

    let (feba, dchg) = (_mm_shuffle_epi32::<0x1b>(abef), _mm_shuffle_epi32::<0xb1>(cdgh));
    // SAFETY: eight words.
    unsafe {
        _mm_storeu_si128(state, _mm_blend_epi16::<0xf0>(feba, dchg));
        _mm_storeu_si128(state.add(1), _mm_alignr_epi8::<8>(dchg, feba));
    }
}
