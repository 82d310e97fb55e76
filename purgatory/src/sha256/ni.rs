//! With the SHA extensions: four rounds at a time, the next words of the message computed between them.
//!
//! The rounds of one message wait for each other, so that the processor's SHA unit is idle in between; two or three messages fill it.
//! The state of four does not fit the registers.

use super::{BLOCK, Job, K};
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_load_si128, _mm_loadu_si128, _mm_set_epi64x,
    _mm_setzero_si128, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32, _mm_storeu_si128,
};

/// Adds the next `blocks` blocks of each job to its state.
///
/// # Safety
/// They must be readable, and the processor must have what is enabled here.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) unsafe fn compress<const LANES: usize>(jobs: [&mut Job; LANES], blocks: usize) {
    // Big-endian words.
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    // The instructions want the words as ABEF and CDGH.
    let [mut abef, mut cdgh] = [[_mm_setzero_si128(); LANES]; 2];
    for lane in 0..LANES {
        let state: *const __m128i = jobs[lane].state.as_ptr().cast();
        // SAFETY: eight words.
        let (dcba, hgfe) = unsafe { (_mm_loadu_si128(state), _mm_loadu_si128(state.add(1))) };
        let (cdab, efgh) = (_mm_shuffle_epi32::<0xb1>(dcba), _mm_shuffle_epi32::<0x1b>(hgfe));
        abef[lane] = _mm_alignr_epi8::<8>(cdab, efgh);
        cdgh[lane] = _mm_blend_epi16::<0xf0>(efgh, cdab);
    }

    for _ in 0..blocks {
        let (abef_before, cdgh_before) = (abef, cdgh);
        let [mut m0, mut m1, mut m2, mut m3] = [[_mm_setzero_si128(); LANES]; 4];

        /// Sixteen bytes of every block.
        macro_rules! load {
            ($m:ident, $quarter:literal) => {
                for lane in 0..LANES {
                    let from: *const __m128i = jobs[lane].at.cast();
                    // SAFETY: a quarter of a block that is readable.
                    $m[lane] = _mm_shuffle_epi8(unsafe { _mm_loadu_si128(from.wrapping_add($quarter)) }, swap);
                }
            };
        }
        /// Four rounds on the words `$m`, and what can be done while they wait for each other. All four of a message stand in a row, so that
        /// the sums of only one message need registers; the processor overlaps the messages by itself.
        macro_rules! rounds {
            ($four:literal, $m:ident, $between:expr) => {
                let k: *const __m128i = K.0.as_ptr().cast();
                // SAFETY: 64 constants are sixteen fours, aligned.
                let k = unsafe { _mm_load_si128(k.add($four)) };
                for lane in 0..LANES {
                    let with_k = _mm_add_epi32($m[lane], k);
                    cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], with_k);
                    abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32::<0x0e>(with_k));
                }
                $between;
            };
        }
        /// Completes the words that follow `$m`, for which `$next` holds the first half of the sum.
        macro_rules! follow {
            ($before:ident, $m:ident, $next:ident) => {
                for lane in 0..LANES {
                    let sum = _mm_add_epi32($next[lane], _mm_alignr_epi8::<4>($m[lane], $before[lane]));
                    $next[lane] = _mm_sha256msg2_epu32(sum, $m[lane]);
                }
            };
        }
        /// Begins the words sixteen after `$before`.
        macro_rules! begin {
            ($before:ident, $m:ident) => {
                for lane in 0..LANES {
                    $before[lane] = _mm_sha256msg1_epu32($before[lane], $m[lane]);
                }
            };
        }
        /// Four rounds in the middle, where the words are computed.
        macro_rules! middle {
            ($four:literal, $before:ident, $m:ident, $next:ident) => {
                rounds!($four, $m, follow!($before, $m, $next));
                begin!($before, $m);
            };
        }

        load!(m0, 0);
        load!(m1, 1);
        load!(m2, 2);
        load!(m3, 3);
        rounds!(0, m0, {});
        rounds!(1, m1, {});
        begin!(m0, m1);
        rounds!(2, m2, {});
        begin!(m1, m2);
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
        rounds!(13, m1, follow!(m0, m1, m2));
        rounds!(14, m2, follow!(m1, m2, m3));
        rounds!(15, m3, {});

        for lane in 0..LANES {
            abef[lane] = _mm_add_epi32(abef[lane], abef_before[lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], cdgh_before[lane]);
            jobs[lane].at = jobs[lane].at.wrapping_add(BLOCK);
        }
    }

    for lane in 0..LANES {
        jobs[lane].blocks = jobs[lane].blocks.wrapping_sub(blocks);
        let (feba, dchg) = (_mm_shuffle_epi32::<0x1b>(abef[lane]), _mm_shuffle_epi32::<0xb1>(cdgh[lane]));
        let state: *mut __m128i = jobs[lane].state.as_mut_ptr().cast();
        // SAFETY: eight words.
        unsafe {
            _mm_storeu_si128(state, _mm_blend_epi16::<0xf0>(feba, dchg));
            _mm_storeu_si128(state.add(1), _mm_alignr_epi8::<8>(dchg, feba));
        }
    }
}
