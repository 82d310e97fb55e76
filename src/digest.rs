//! SHA-256, SHA-384, SHA-512: the digests that a signature may use, of a file's ranges.

#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::as_conversions)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

pub mod lanes;

use crate::hex;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// A digest algorithm that is safe and that kernels know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 2.16.840.1.101.3.4.2.1
    Sha256,
    /// 2.16.840.1.101.3.4.2.2
    Sha384,
    /// 2.16.840.1.101.3.4.2.3
    Sha512,
}

impl Algorithm {
    /// The name as it stands in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of output.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the parts, one after the other.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        let value = match self {
            Self::Sha256 => all::<Sha256>(parts),
            Self::Sha384 => all::<Sha384>(parts),
            Self::Sha512 => all::<Sha512>(parts),
        };
        Digest { algorithm: self, value }
    }
}

fn all<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

/// SHA-256 of the parts, one after the other, as an array.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
}

/// A file's bytes, and the digests of them that were computed so far. Hashing is most of what a verification costs, and the
/// same ranges are asked for several times: by the signature, by the revocations, by the prediction.
#[derive(Debug)]
pub struct Hashed<B> {
    bytes: B,
    known: RefCell<Vec<Known>>,
}

/// A digest of these ranges, one after the other.
#[derive(Debug)]
struct Known {
    ranges: Vec<Range<usize>>,
    digest: Digest,
}

impl<B> Hashed<B> {
    /// A file of which no digest is known yet.
    pub const fn new(bytes: B) -> Self {
        Self { bytes, known: RefCell::new(Vec::new()) }
    }

    /// Where the bytes come from.
    pub const fn owner(&self) -> &B {
        &self.bytes
    }

    /// The same, without the digests.
    pub fn into_owner(self) -> B {
        self.bytes
    }
}

impl<B: AsRef<[u8]>> Hashed<B> {
    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The bytes of each range; none of a range that does not lie within the file.
    pub fn parts(&self, ranges: &[Range<usize>]) -> Vec<&[u8]> {
        ranges.iter().map(|range| self.bytes().get(range.clone()).unwrap_or_default()).collect()
    }

    /// The digest of these ranges, one after the other, computed once. How the bytes are cut into ranges makes no difference.
    /// A range that does not lie within the file counts as empty.
    pub fn digest(&self, algorithm: Algorithm, ranges: &[Range<usize>]) -> Digest {
        let length = self.bytes().len();
        let ranges = joined(ranges.iter().filter(|range| range.end <= length));
        let mut known = self.known.borrow_mut();
        let same = |other: &&Known| other.digest.algorithm == algorithm && other.ranges == ranges;
        if let Some(found) = known.iter().find(same) {
            return found.digest.clone();
        }
        let digest = algorithm.digest(&self.parts(&ranges));
        known.push(Known { ranges, digest: digest.clone() });
        digest
    }

    /// The same by SHA-256, as an array.
    pub fn sha256(&self, ranges: &[Range<usize>]) -> [u8; 32] {
        let digest = self.digest(Algorithm::Sha256, ranges);
        digest.value.try_into().unwrap_or_else(|_| sha256(&self.parts(ranges)))
    }
}

/// The same bytes in as few ranges as possible.
fn joined<'a>(ranges: impl Iterator<Item = &'a Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges.filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range.clone()),
        }
    }
    joined
}

/// A digest and how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How it was made.
    pub algorithm: Algorithm,
    /// [`Algorithm::size`] bytes.
    pub value: Vec<u8>,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), hex::encode(&self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_hashed_once() {
        let file = Hashed::new(b"abcabc");
        let (one, two) = (0..3, 3..6);
        let rows: [&[Range<usize>]; 6] = [
            &[0..3, 3..6],
            &[0..1, 1..6],
            &[0..3, 4..4, 3..6],
            std::slice::from_ref(&one),
            std::slice::from_ref(&two),
            &[3..6, 0..3],
        ];
        for ranges in rows {
            assert_eq!(
                file.digest(Algorithm::Sha256, ranges),
                Algorithm::Sha256.digest(&file.parts(ranges)),
                "{ranges:?}"
            );
            assert_eq!(file.sha256(ranges), sha256(&file.parts(ranges)));
        }
        // All of it, each half, and the halves the other way round: equal bytes in different places are different ranges.
        assert_eq!(file.known.borrow().len(), 4);
        assert_eq!(file.digest(Algorithm::Sha512, &[0..3, 3..6]), Algorithm::Sha512.digest(&[b"abcabc"]));
        assert_eq!(file.known.borrow().len(), 5);
    }

    #[test]
    fn a_range_past_the_end_is_empty() {
        let file = Hashed::new(b"abc");
        for ranges in [&[0..3, 2..4][..], &[0..3, 3..4], &[3..5, 0..3]] {
            assert_eq!(file.sha256(ranges), sha256(&[b"abc"]), "{ranges:?}");
        }
    }
}
