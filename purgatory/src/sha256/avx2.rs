//! Eight lanes in AVX2.

use super::Job;
use super::rounds;
use super::vectors::words;
use super::words::{LANES, Words};
use core::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_set_epi64x,
    _mm256_set_m128i, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

/// Adds the next `blocks` blocks of each of eight jobs to its state.
///
/// # Safety
/// They must be readable, and the processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn compress(jobs: &mut [Option<&mut Job>], blocks: usize) {
    // SAFETY: the caller's word.
    unsafe { rounds::compress::<__m256i>(jobs, blocks) }
}

words!(
    __m256i, 8,
    quarter256 _mm256_set1_epi32 _mm256_loadu_si256 _mm256_storeu_si256 _mm256_add_epi32 _mm256_and_si256 _mm256_xor_si256
    _mm256_slli_epi32 _mm256_srli_epi32,
    _mm256_unpacklo_epi32 _mm256_unpackhi_epi32 _mm256_unpacklo_epi64 _mm256_unpackhi_epi64
);

/// Four words of a lane's block and of the fourth lane after it, in the processor's order.
///
/// # Safety
/// As [`Words::block`].
#[inline(always)]
unsafe fn quarter256(at: &[*const u8; LANES], lane: usize, quarter: usize) -> __m256i {
    let swap = (0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    // SAFETY: the caller's word.
    unsafe {
        let [low, high] = [at[lane], at[lane + 4]].map(|at| at.cast::<__m128i>().wrapping_add(quarter));
        let bytes = _mm256_set_m128i(_mm_loadu_si128(high), _mm_loadu_si128(low));
        _mm256_shuffle_epi8(bytes, _mm256_set_epi64x(swap.0, swap.1, swap.0, swap.1))
    }
}
