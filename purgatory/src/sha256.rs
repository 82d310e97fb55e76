//! SHA-256 (FIPS 180-4) over memory: one message at a time, or several side by side where the processor has instructions for it.

#[cfg(all(target_arch = "x86_64", not(freestanding)))]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod ni;
mod rounds;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod stream;
#[cfg(target_arch = "x86_64")]
mod vectors;
mod words;

pub use stream::Stream;
use words::LANES;

/// Bytes of a block.
const BLOCK: usize = 64;

/// The first 32 bits of the fractional parts of the square roots of the first eight primes.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The same of the cube roots of the first sixty-four, on the boundary that aligned loads want.
#[repr(align(16))]
struct Constants([u32; 64]);

#[rustfmt::skip]
static K: Constants = Constants([
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]);

/// The instructions that compute a digest.
///
/// Who has a value may use it: those that only some processors have come from `unsafe` functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(all(target_arch = "x86_64", not(freestanding)))]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    ShaNi,
}

impl Instructions {
    /// What every processor of this architecture has: on x86-64, four messages side by side in SSE2.
    #[cfg(target_arch = "x86_64")]
    pub const BASELINE: Self = Self(Kind::Sse2);
    /// What every processor of this architecture has: one message after the other.
    #[cfg(not(target_arch = "x86_64"))]
    pub const BASELINE: Self = Self(Kind::Portable);
    /// One message after the other, with the instructions that every processor has.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Eight messages side by side in AVX2. The purgatory has no room for them.
    ///
    /// # Safety
    /// The processor must have AVX2, and the system must have enabled it.
    #[cfg(all(target_arch = "x86_64", not(freestanding)))]
    #[must_use]
    pub const unsafe fn avx2() -> Self {
        Self(Kind::Avx2)
    }

    /// The SHA extensions, two or three messages side by side.
    ///
    /// # Safety
    /// The processor must have the SHA extensions, SSSE3 and SSE4.1.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub const unsafe fn sha_ni() -> Self {
        Self(Kind::ShaNi)
    }

    /// How many messages side by side take the least time.
    #[must_use]
    pub const fn width(self) -> usize {
        match self.0 {
            Kind::Portable => 1,
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => 4,
            #[cfg(all(target_arch = "x86_64", not(freestanding)))]
            Kind::Avx2 => 8,
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi => 3,
        }
    }
}

/// A message in memory, and how far it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    state: [u32; 8],
    at: *const u8,
    /// Whole blocks from `at` on.
    blocks: usize,
    /// Bytes of the whole message.
    length: u64,
}

impl Job {
    /// Nothing to do.
    pub(crate) const NONE: Self = Self::new(core::ptr::null(), 0);

    /// The `length` bytes at `start`, which need no alignment. They must be readable when the job is run.
    #[expect(clippy::as_conversions, reason = "a usize has at most 64 bits")]
    pub(crate) const fn new(start: *const u8, length: usize) -> Self {
        Self { state: INITIAL, at: start, blocks: length / BLOCK, length: length as u64 }
    }

    /// The digest of the whole.
    ///
    /// # Safety
    /// The bytes must be readable.
    pub(crate) unsafe fn finish(mut self, instructions: Instructions) -> [u8; 32] {
        // SAFETY: the caller's word.
        unsafe { self.compress(self.blocks, instructions) };
        // FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits as 64 bits, big-endian, at the end of a block.
        let rest = stream::rest(self.length);
        let mut tail = [0_u8; 2 * BLOCK];
        for (index, byte) in tail.iter_mut().take(rest).enumerate() {
            // SAFETY: after the last whole block and below `rest`, so within the message.
            *byte = unsafe { self.at.wrapping_add(index).read() };
        }
        if let Some(byte) = tail.get_mut(rest) {
            *byte = 0x80;
        }
        let blocks = if rest < BLOCK - 8 { 1 } else { 2 };
        let bits = self.length.wrapping_mul(8).to_be_bytes();
        for (byte, bits) in tail.iter_mut().skip(blocks * BLOCK - 8).zip(bits) {
            *byte = bits;
        }
        self.at = tail.as_ptr();
        // SAFETY: one or two blocks of the array.
        unsafe { self.compress(blocks, instructions) };
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        digest
    }

    /// # Safety
    /// `blocks` blocks must be readable.
    unsafe fn compress(&mut self, blocks: usize, instructions: Instructions) {
        #[cfg(target_arch = "x86_64")]
        if instructions.0 == Kind::ShaNi {
            // SAFETY: the caller's word; the processor has the instructions, or there would be no such value.
            return unsafe { ni::compress([self], blocks) };
        }
        // Another processor has no such instructions.
        let _ = instructions;
        // SAFETY: the caller's word.
        unsafe { rounds::alone(self, blocks) };
    }
}

/// Jobs that are run side by side, the first [`Instructions::width`] of them.
type Team<'a> = [Option<&'a mut Job>; LANES];

/// Runs all jobs until none has a whole block left. Whichever is done makes room for the next.
///
/// # Safety
/// The bytes of all must be readable.
pub(crate) unsafe fn run(jobs: &mut [Job], instructions: Instructions) {
    loop {
        let mut team: Team<'_> = [const { None }; LANES];
        let mut blocks = usize::MAX;
        let waiting = jobs.iter_mut().filter(|job| job.blocks > 0).take(instructions.width());
        for (place, job) in team.iter_mut().zip(waiting) {
            blocks = blocks.min(job.blocks);
            *place = Some(job);
        }
        // SAFETY: the caller's word.
        if unsafe { !together(&mut team, blocks, instructions) } {
            return;
        }
    }
}

/// Adds the next `blocks` blocks of each job to its state; `false` where there is no job.
///
/// # Safety
/// They must be readable.
unsafe fn together(team: &mut Team<'_>, blocks: usize, instructions: Instructions) -> bool {
    // SAFETY: the caller's word; the processor has the instructions, or there would be no such value.
    unsafe {
        match (instructions.0, team) {
            (_, [None, ..]) => return false,
            (_, [Some(job), None, ..]) => job.compress(blocks, instructions),
            #[cfg(target_arch = "x86_64")]
            (Kind::ShaNi, [Some(a), Some(b), Some(c), ..]) => ni::compress([a, b, c], blocks),
            #[cfg(target_arch = "x86_64")]
            (Kind::ShaNi, [Some(a), Some(b), ..]) => ni::compress([a, b], blocks),
            #[cfg(all(target_arch = "x86_64", not(freestanding)))]
            (Kind::Avx2, team) => avx2::compress(team, blocks),
            #[cfg(target_arch = "x86_64")]
            (Kind::Sse2, team) => sse2::compress(team, blocks),
            (Kind::Portable, team) => {
                for job in team.iter_mut().flatten() {
                    job.compress(blocks, instructions);
                }
            }
        }
    }
    true
}
