//! Digests of a file that are made while its bytes come by.

use super::hashed::joined;
use super::lanes::Lanes;
use super::{Algorithm, Digest, Known};
use std::ops::Range;

/// SHA-256 of several lists of ranges of a file, which is shown once, from its start to its end, in pieces. Where a piece belongs to
/// several digests, they are computed together.
#[derive(Debug)]
pub struct Passing {
    at: usize,
    plan: Vec<Vec<Range<usize>>>,
    lanes: Lanes,
}

impl Passing {
    /// Plans a digest for each list of ranges. A list whose ranges do not stand in the order of the file is left out: its digest cannot
    /// be made in one pass.
    #[must_use]
    pub fn new(plan: impl IntoIterator<Item = Vec<Range<usize>>>) -> Self {
        let in_order = |ranges: &Vec<Range<usize>>| {
            ranges.iter().zip(ranges.iter().skip(1)).all(|(one, next)| one.end <= next.start)
        };
        let mut plan: Vec<_> = plan.into_iter().map(|ranges| joined(ranges.iter())).filter(in_order).collect();
        plan.dedup();
        let lanes = Lanes::new(plan.len());
        Self { at: 0, plan, lanes }
    }

    /// Shows the bytes that follow.
    pub fn feed(&mut self, piece: &[u8]) {
        let end = self.at.saturating_add(piece.len());
        let parts: Vec<Vec<&[u8]>> = self.plan.iter().map(|ranges| parts(ranges, self.at, piece)).collect();
        for turn in 0..parts.iter().map(Vec::len).max().unwrap_or_default() {
            let together: Vec<&[u8]> = parts.iter().map(|own| own.get(turn).copied().unwrap_or_default()).collect();
            self.lanes.update(&together);
        }
        self.at = end;
    }

    /// The digests, without those of ranges that did not come by as a whole.
    #[must_use]
    pub fn finish(self) -> Vec<Known> {
        let known = |(ranges, value): (Vec<Range<usize>>, [u8; 32])| {
            let digest = Digest { algorithm: Algorithm::Sha256, value: value.to_vec() };
            Known { ranges, digest }
        };
        let complete = |known: &Known| known.ranges.last().is_none_or(|last| last.end <= self.at);
        self.plan.into_iter().zip(self.lanes.finalize()).map(known).filter(complete).collect()
    }
}

/// The bytes of the ranges in a piece that starts at `at`.
fn parts<'a>(ranges: &[Range<usize>], at: usize, piece: &'a [u8]) -> Vec<&'a [u8]> {
    let within = |place: usize| place.saturating_sub(at).min(piece.len());
    let of = |range: &Range<usize>| piece.get(within(range.start)..within(range.end)).unwrap_or_default();
    ranges.iter().map(of).filter(|bytes| !bytes.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Hashed;

    /// Shows the bytes in pieces of this length.
    fn shown(bytes: &[u8], length: usize, plan: &[Vec<Range<usize>>]) -> Vec<Known> {
        let mut passing = Passing::new(plan.to_vec());
        bytes.chunks(length).for_each(|piece| passing.feed(piece));
        passing.finish()
    }

    #[test]
    fn the_digests_are_those_of_the_bytes() {
        let bytes: Vec<u8> = (0..1000_u32).map(|index| index.to_le_bytes()[0] ^ index.to_le_bytes()[1]).collect();
        let plan = [vec![0..1000], vec![0..88, 92..152, 160..900], vec![63..64, 64..65, 999..1000], vec![500..500]];
        for length in [1, 7, 63, 64, 65, 88, 500, 999, 1000, 2000] {
            let known = shown(&bytes, length, &plan);
            assert_eq!(known.len(), plan.len());
            for (known, ranges) in known.iter().zip(&plan) {
                let wanted = Hashed::new(&bytes).digest(Algorithm::Sha256, ranges);
                assert_eq!(known.digest, wanted, "{ranges:?} in pieces of {length}");
            }
            // Whoever asks for them gets these, and whoever asks for others gets the right ones.
            let file = Hashed::knowing(&bytes, known);
            for ranges in plan.iter().chain(&[vec![92..152, 0..88], vec![1..1000]]) {
                let wanted = Hashed::new(&bytes).sha256(ranges);
                assert_eq!(file.sha256(ranges), wanted, "{ranges:?} in pieces of {length}");
            }
        }
    }

    #[test]
    fn what_cannot_be_made_in_one_pass_is_left_out() {
        let plan = [vec![5..8, 0..5], vec![0..5, 4..8], vec![0..9], vec![0..8]];
        let known = shown(b"abcdefgh", 3, &plan);
        let ranges: Vec<_> = known.into_iter().map(|known| known.ranges).collect();
        assert_eq!(ranges, [vec![0..8]]);
    }
}
