//! One word of each of several messages, side by side in a register.

/// The lanes of the widest register that is used.
pub(super) const LANES: usize = 8;

/// A word of each lane, and what SHA-256 does with words. All of it is inlined into a function that has the instructions enabled.
pub(super) trait Words: Copy {
    /// How many.
    const LANES: usize;

    /// The next block of each lane, its words in the processor's order.
    ///
    /// # Safety
    /// 64 bytes must be readable at the first [`Words::LANES`] addresses, here and below only where the processor has the instructions.
    unsafe fn block(at: &[*const u8; LANES]) -> [Self; 16];

    /// The same word in every lane.
    fn all(word: u32) -> Self;
    /// The first [`Words::LANES`] words.
    fn of(words: &[u32; LANES]) -> Self;
    /// The lanes' words, and zeros.
    fn to(self) -> [u32; LANES];

    fn plus(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn left<const BITS: i32>(self) -> Self;
    fn right<const BITS: i32>(self) -> Self;

    // The four functions of FIPS 180-4, 4.1.2, for registers that cannot rotate: x >>> a ^ x >>> b ^ x >>> c is the
    // exclusive or of three shifts to the right and three to the left. Each three are nested, which needs fewer copies.

    /// x >>> 2 ^ x >>> 13 ^ x >>> 22
    #[inline(always)]
    fn big0(self) -> Self {
        let right = self.right::<9>().xor(self).right::<11>().xor(self).right::<2>();
        right.xor(self.left::<11>().xor(self).left::<9>().xor(self).left::<10>())
    }

    /// x >>> 6 ^ x >>> 11 ^ x >>> 25
    #[inline(always)]
    fn big1(self) -> Self {
        let right = self.right::<14>().xor(self).right::<5>().xor(self).right::<6>();
        right.xor(self.left::<5>().xor(self).left::<14>().xor(self).left::<7>())
    }

    /// x >>> 7 ^ x >>> 18 ^ x >> 3
    #[inline(always)]
    fn small0(self) -> Self {
        let right = self.right::<11>().xor(self).right::<4>().xor(self).right::<3>();
        right.xor(self.left::<11>().xor(self).left::<14>())
    }

    /// x >>> 17 ^ x >>> 19 ^ x >> 10
    #[inline(always)]
    fn small1(self) -> Self {
        let right = self.right::<2>().xor(self).right::<7>().xor(self).right::<10>();
        right.xor(self.left::<2>().xor(self).left::<13>())
    }
}

/// One lane, on every processor.
impl Words for u32 {
    const LANES: usize = 1;

    #[inline(always)]
    unsafe fn block([at, ..]: &[*const u8; LANES]) -> [Self; 16] {
        let block: *const [[u8; 4]; 16] = at.cast();
        // SAFETY: the caller's word; bytes need no alignment.
        unsafe { &*block }.map(Self::from_be_bytes)
    }

    #[inline(always)]
    fn all(word: u32) -> Self {
        word
    }

    #[inline(always)]
    fn of([word, ..]: &[u32; LANES]) -> Self {
        *word
    }

    #[inline(always)]
    fn to(self) -> [u32; LANES] {
        [self, 0, 0, 0, 0, 0, 0, 0]
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    fn left<const BITS: i32>(self) -> Self {
        self << BITS
    }

    #[inline(always)]
    fn right<const BITS: i32>(self) -> Self {
        self >> BITS
    }

    // With rotations, nested for the same reason.

    #[inline(always)]
    fn big0(self) -> Self {
        ((self.rotate_right(9) ^ self).rotate_right(11) ^ self).rotate_right(2)
    }

    #[inline(always)]
    fn big1(self) -> Self {
        ((self.rotate_right(14) ^ self).rotate_right(5) ^ self).rotate_right(6)
    }

    #[inline(always)]
    fn small0(self) -> Self {
        (self.rotate_right(11) ^ self).rotate_right(7) ^ self >> 3
    }

    #[inline(always)]
    fn small1(self) -> Self {
        (self.rotate_right(2) ^ self).rotate_right(17) ^ self >> 10
    }
}
