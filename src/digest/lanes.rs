//! SHA-256 of several contents at the same time, each of which arrives in pieces.

use sha2::{Digest as _, Sha256};

/// Digests under way: as many streams as [`Lanes::new`] was asked for.
#[derive(Debug, Clone)]
pub struct Lanes(Vec<Sha256>);

impl Lanes {
    /// How many streams the processor computes side by side in the least time. One where streams are computed one after the other.
    #[must_use]
    pub fn width() -> usize {
        1
    }

    /// `count` streams, all empty.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(vec![Sha256::new(); count])
    }

    /// Appends the first piece to the first stream, the second piece to the second stream, and so on. A stream that gets nothing has
    /// an empty piece, or none behind the last. A piece that has no stream is ignored.
    ///
    /// Pieces may differ in length, but only what all have is computed side by side: pieces of one length, a multiple of 64 bytes,
    /// take the least time.
    pub fn update(&mut self, pieces: &[&[u8]]) {
        for (stream, piece) in self.0.iter_mut().zip(pieces) {
            stream.update(piece);
        }
    }

    /// The digest of each stream, in their order.
    #[must_use]
    pub fn finalize(self) -> Vec<[u8; 32]> {
        self.0.into_iter().map(|stream| stream.finalize().into()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_go_to_their_streams() {
        let mut lanes = Lanes::new(3);
        lanes.update(&[b"a", b"", b"xyz", b"ignored"]);
        lanes.update(&[b"bc"]);
        let wanted: [&[u8]; 3] = [b"abc", b"", b"xyz"];
        assert_eq!(lanes.finalize(), wanted.map(|bytes| <[u8; 32]>::from(Sha256::digest(bytes))));
    }
}
