//! What the registers of SSE2 and AVX2 have in common.

/// The words of a register are the same but for the names of the instructions.
macro_rules! words {
    (
        $register:ident, $lanes:literal,
        $quarter:ident $all:ident $load:ident $store:ident $add:ident $and:ident $xor:ident $left:ident $right:ident,
        $low32:ident $high32:ident $low64:ident $high64:ident
    ) => {
        impl Words for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn block(at: &[*const u8; LANES]) -> [Self; 16] {
                let mut words = [Self::all(0); 16];
                for (index, [first, second, third, fourth]) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                    // Four words of each lane: a transposed matrix, or two of them.
                    // SAFETY: the caller's word.
                    unsafe {
                        let [a, b] = [$quarter(at, 0, index), $quarter(at, 1, index)];
                        let [c, d] = [$quarter(at, 2, index), $quarter(at, 3, index)];
                        let (ab, cd) = ($low32(a, b), $low32(c, d));
                        (*first, *second) = ($low64(ab, cd), $high64(ab, cd));
                        let (ab, cd) = ($high32(a, b), $high32(c, d));
                        (*third, *fourth) = ($low64(ab, cd), $high64(ab, cd));
                    }
                }
                words
            }

            #[inline(always)]
            fn all(word: u32) -> Self {
                // SAFETY: the processor has the instruction, here and below: only `sse2` and `avx2` have such words.
                unsafe { $all(word.cast_signed()) }
            }

            #[inline(always)]
            fn of(words: &[u32; LANES]) -> Self {
                // SAFETY: no more words than there are.
                unsafe { $load(words.as_ptr().cast()) }
            }

            #[inline(always)]
            fn to(self) -> [u32; LANES] {
                let mut words = [0; LANES];
                // SAFETY: no more words than there is room for.
                unsafe { $store(words.as_mut_ptr().cast(), self) };
                words
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                // SAFETY: as for `all`.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                // SAFETY: as for `all`.
                unsafe { $and(self, other) }
            }

            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                // SAFETY: as for `all`.
                unsafe { $xor(self, other) }
            }

            #[inline(always)]
            fn left<const BITS: i32>(self) -> Self {
                // SAFETY: as for `all`.
                unsafe { $left::<BITS>(self) }
            }

            #[inline(always)]
            fn right<const BITS: i32>(self) -> Self {
                // SAFETY: as for `all`.
                unsafe { $right::<BITS>(self) }
            }
        }
    };
}
pub(super) use words;
