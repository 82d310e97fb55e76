//! Four lanes in SSE2, which every x86-64 processor has.

use super::Job;
use super::rounds;
use super::vectors::words;
use super::words::{LANES, Words};
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_and_si128, _mm_loadu_si128, _mm_or_si128, _mm_set1_epi32, _mm_shufflehi_epi16,
    _mm_shufflelo_epi16, _mm_slli_epi16, _mm_slli_epi32, _mm_srli_epi16, _mm_srli_epi32, _mm_storeu_si128,
    _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi32, _mm_unpacklo_epi64, _mm_xor_si128,
};

/// Adds the next `blocks` blocks of each of four jobs to its state.
///
/// # Safety
/// They must be readable.
pub(super) unsafe fn compress(jobs: &mut [Option<&mut Job>], blocks: usize) {
    // SAFETY: the caller's word; every x86-64 processor has SSE2.
    unsafe { rounds::compress::<__m128i>(jobs, blocks) }
}

words!(
    __m128i, 4,
    quarter128 _mm_set1_epi32 _mm_loadu_si128 _mm_storeu_si128 _mm_add_epi32 _mm_and_si128 _mm_xor_si128 _mm_slli_epi32
    _mm_srli_epi32,
    _mm_unpacklo_epi32 _mm_unpackhi_epi32 _mm_unpacklo_epi64 _mm_unpackhi_epi64
);

/// Four words of a lane's block, in the processor's order.
///
/// # Safety
/// As [`Words::block`].
#[inline(always)]
unsafe fn quarter128(at: &[*const u8; LANES], lane: usize, quarter: usize) -> __m128i {
    // SAFETY: the caller's word. SSE2 cannot shuffle bytes: they are swapped in each half of a word, then the halves.
    unsafe {
        let bytes = _mm_loadu_si128(at[lane].cast::<__m128i>().wrapping_add(quarter));
        let swapped = _mm_or_si128(_mm_slli_epi16::<8>(bytes), _mm_srli_epi16::<8>(bytes));
        _mm_shufflehi_epi16::<0xb1>(_mm_shufflelo_epi16::<0xb1>(swapped))
    }
}
