//! A message that arrives in pieces.

use super::words::LANES;
use super::{BLOCK, INITIAL, Instructions, Job, run};

/// A digest under way.
#[derive(Debug, Clone)]
pub struct Stream {
    state: [u32; 8],
    /// The bytes behind the last whole block, `length % BLOCK` of them.
    rest: [u8; BLOCK],
    /// Bytes so far.
    length: u64,
}

impl Stream {
    /// An empty message.
    pub const EMPTY: Self = Self { state: INITIAL, rest: [0; BLOCK], length: 0 };

    /// Appends the first piece to the first stream, the second piece to the second stream, and so on. Whole blocks that several have
    /// are computed side by side.
    pub fn update(streams: &mut [Self], pieces: &[&[u8]], instructions: Instructions) {
        for (streams, pieces) in streams.chunks_mut(LANES).zip(pieces.chunks(LANES)) {
            let mut jobs = [Job::NONE; LANES];
            for ((stream, piece), job) in streams.iter_mut().zip(pieces).zip(&mut jobs) {
                *job = stream.begin(piece, instructions);
            }
            // SAFETY: `begin` makes jobs of whole blocks of the pieces.
            unsafe { run(&mut jobs, instructions) };
            for (stream, job) in streams.iter_mut().zip(jobs).take(pieces.len()) {
                stream.state = job.state;
            }
        }
    }

    /// Appends a piece but for its whole blocks, which are the job.
    fn begin(&mut self, piece: &[u8], instructions: Instructions) -> Job {
        let (rest, piece) = self.complete(piece, instructions);
        let (blocks, behind) = piece.as_chunks::<BLOCK>();
        for (to, from) in self.rest.iter_mut().skip(rest).zip(behind) {
            *to = *from;
        }
        Job { state: self.state, at: blocks.as_ptr().cast(), blocks: blocks.len(), length: 0 }
    }

    /// Adds to the bytes that wait for the rest of their block: how many wait now, and what of the piece is left.
    #[expect(clippy::as_conversions, reason = "a usize has at most 64 bits")]
    fn complete<'a>(&mut self, piece: &'a [u8], instructions: Instructions) -> (usize, &'a [u8]) {
        let waiting = rest(self.length);
        self.length = self.length.wrapping_add(piece.len() as u64);
        if waiting == 0 {
            return (0, piece);
        }
        let (fill, left) = piece.split_at_checked(BLOCK.wrapping_sub(waiting)).unwrap_or((piece, &[]));
        for (to, from) in self.rest.iter_mut().skip(waiting).zip(fill) {
            *to = *from;
        }
        if waiting.wrapping_add(fill.len()) < BLOCK {
            return (waiting.wrapping_add(fill.len()), left);
        }
        let mut job = Job { state: self.state, at: self.rest.as_ptr(), blocks: 1, length: 0 };
        // SAFETY: the block is an array's.
        unsafe { job.compress(1, instructions) };
        self.state = job.state;
        (0, left)
    }

    /// The digest.
    #[must_use]
    pub fn finish(&self, instructions: Instructions) -> [u8; 32] {
        let job = Job { state: self.state, at: self.rest.as_ptr(), blocks: 0, length: self.length };
        // SAFETY: what is left to read is shorter than a block.
        unsafe { job.finish(instructions) }
    }
}

/// Bytes behind the last whole block.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "less than a block")]
pub(super) const fn rest(length: u64) -> usize {
    (length % BLOCK as u64) as usize
}
