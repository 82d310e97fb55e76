//! SHA-256 of several contents at the same time, each of which arrives in pieces.
//!
//! Side by side, three streams with SHA-NI take little more time than two of them one after the other; without it, four take half the time in SSE2, and
//! eight a fifth in AVX2. `cargo bench --bench lanes` measures it.

use crate::sys::sha256_instructions;
use skexec_purgatory::{Instructions, Stream};

/// Digests under way: as many streams as [`Lanes::new`] was asked for.
#[derive(Debug, Clone)]
pub struct Lanes {
    streams: Vec<Stream>,
    instructions: Instructions,
}

impl Lanes {
    /// How many streams this processor computes side by side in the least time. One where it computes them one after the other.
    #[must_use]
    pub fn width() -> usize {
        sha256_instructions().width()
    }

    /// `count` streams, all empty.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self::with(sha256_instructions(), count)
    }

    /// The same with these instructions.
    fn with(instructions: Instructions, count: usize) -> Self {
        Self { streams: vec![Stream::EMPTY; count], instructions }
    }

    /// Appends the first piece to the first stream, the second piece to the second stream, and so on. A stream that gets nothing has
    /// an empty piece, or none behind the last. A piece that has no stream is ignored.
    ///
    /// Pieces may differ in length, but only what several have is computed side by side: pieces of one length, a multiple of 64
    /// bytes, take the least time.
    pub fn update(&mut self, pieces: &[&[u8]]) {
        Stream::update(&mut self.streams, pieces, self.instructions);
    }

    /// The digest of each stream, in their order.
    #[must_use]
    pub fn finalize(self) -> Vec<[u8; 32]> {
        self.streams.iter().map(|stream| stream.finish(self.instructions)).collect()
    }
}

#[cfg(test)]
mod tests;
