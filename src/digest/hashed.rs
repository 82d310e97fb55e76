//! Bytes together with the digests of them that are known.

use super::{Algorithm, Digest};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// A file's bytes, and the digests of them that are known: those that were made while the file was read, and those that were computed
/// since. Hashing is most of what a verification costs, and the same ranges are asked for several times: by the signature, by the
/// revocations, by the prediction.
#[derive(Debug)]
pub struct Hashed<B> {
    bytes: B,
    /// Where the bytes start in the file whose digests are known.
    base: usize,
    known: Rc<RefCell<Vec<Known>>>,
    gap: Option<Rc<Gap>>,
}

/// Bytes that were not kept when the file was read, because only digests of them are wanted; they are zero in the bytes that were kept.
#[derive(Debug)]
struct Gap {
    /// Where they lie in the file.
    at: Range<usize>,
    file: Box<dyn Again>,
}

/// A file that can be read again, for a digest that was not made when it was read.
pub(crate) trait Again: fmt::Debug {
    /// The bytes of a range; none where the file has changed since.
    fn read(&self, range: Range<usize>) -> Vec<u8>;
}

/// A digest of these ranges, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) digest: Digest,
}

impl Known {
    /// The SHA-256 of one range.
    pub(crate) fn of(range: Range<usize>, value: [u8; 32]) -> Self {
        Self { ranges: vec![range], digest: Digest { algorithm: Algorithm::Sha256, value: value.to_vec() } }
    }
}

impl<B> Hashed<B> {
    /// A file of which no digest is known yet.
    pub fn new(bytes: B) -> Self {
        Self::knowing(bytes, Vec::new())
    }

    /// A file of which these digests are known. They must be of just these bytes.
    pub(crate) fn knowing(bytes: B, known: Vec<Known>) -> Self {
        Self { bytes, base: 0, known: Rc::new(RefCell::new(known)), gap: None }
    }

    /// The same, where the bytes of this range were not kept.
    pub(crate) fn with_gap(self, at: Range<usize>, file: Box<dyn Again>) -> Self {
        let gap = (!at.is_empty()).then(|| Rc::new(Gap { at, file }));
        Self { gap, ..self }
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

    /// The bytes of each range; none of a range that does not lie within the file. What was not kept is read again.
    pub fn parts(&self, ranges: &[Range<usize>]) -> Vec<Cow<'_, [u8]>> {
        ranges.iter().map(|range| self.range(range)).collect()
    }

    fn range(&self, range: &Range<usize>) -> Cow<'_, [u8]> {
        let kept = self.bytes().get(range.clone()).unwrap_or_default();
        let of_file = self.base.saturating_add(range.start)..self.base.saturating_add(range.end);
        match &self.gap {
            Some(gap) if !kept.is_empty() && of_file.start < gap.at.end && gap.at.start < of_file.end => {
                Cow::Owned(gap.file.read(of_file))
            }
            _ => Cow::Borrowed(kept),
        }
    }

    /// A part of the file, such as a section, which shares the digests with the file. A range that does not lie within the file has no
    /// bytes.
    pub fn part(&self, range: Range<usize>) -> Hashed<&[u8]> {
        let bytes = self.bytes().get(range.clone()).unwrap_or_default();
        let base = self.base.saturating_add(range.start);
        Hashed { bytes, base, known: Rc::clone(&self.known), gap: self.gap.clone() }
    }

    /// The digest of these ranges, one after the other, computed once. How the bytes are cut into ranges makes no difference.
    /// A range that does not lie within the file counts as empty.
    pub fn digest(&self, algorithm: Algorithm, ranges: &[Range<usize>]) -> Digest {
        let length = self.bytes().len();
        let own = joined(ranges.iter().filter(|range| range.end <= length));
        let of_file = |at: usize| self.base.saturating_add(at);
        let ranges: Vec<_> = own.iter().map(|range| of_file(range.start)..of_file(range.end)).collect();
        let mut known = self.known.borrow_mut();
        let same = |other: &&Known| other.digest.algorithm == algorithm && other.ranges == ranges;
        if let Some(found) = known.iter().find(same) {
            return found.digest.clone();
        }
        let parts = self.parts(&own);
        let digest = algorithm.digest(&parts.iter().map(|part| &**part).collect::<Vec<_>>());
        known.push(Known { ranges, digest: digest.clone() });
        digest
    }

    /// The same by SHA-256, as an array.
    pub fn sha256(&self, ranges: &[Range<usize>]) -> [u8; 32] {
        // A SHA-256 has 32 bytes.
        self.digest(Algorithm::Sha256, ranges).value.try_into().unwrap_or_default()
    }

    /// The SHA-256 of a range, if it is known already.
    pub(crate) fn known_sha256(&self, range: &Range<usize>) -> Option<[u8; 32]> {
        let of_file = self.base.checked_add(range.start)?..self.base.checked_add(range.end)?;
        let known = self.known.borrow();
        let same = |known: &&Known| {
            known.digest.algorithm == Algorithm::Sha256 && known.ranges.as_slice() == std::slice::from_ref(&of_file)
        };
        known.iter().find(same).and_then(|found| found.digest.value.clone().try_into().ok())
    }

    /// How many digests are known.
    #[cfg(test)]
    pub(crate) fn known_count(&self) -> usize {
        self.known.borrow().len()
    }

    /// The digest of all bytes.
    pub fn whole(&self, algorithm: Algorithm) -> Digest {
        self.digest(algorithm, std::slice::from_ref(&(0..self.bytes().len())))
    }
}

/// The same bytes in as few ranges as possible.
pub(super) fn joined<'a>(ranges: impl Iterator<Item = &'a Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges.filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range.clone()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    fn plain<'a>(parts: &'a [Cow<'_, [u8]>]) -> Vec<&'a [u8]> {
        parts.iter().map(|part| &**part).collect()
    }

    #[derive(Debug)]
    struct Whole(&'static [u8]);

    impl Again for Whole {
        fn read(&self, range: Range<usize>) -> Vec<u8> {
            self.0[range].to_vec()
        }
    }

    #[test]
    fn what_was_not_kept_is_read_again() {
        let file = Hashed::new(b"abc\0\0\0ghi").with_gap(3..6, Box::new(Whole(b"abcdefghi")));
        for ranges in [&[0..9][..], &[0..3, 6..9], &[2..4], &[5..7], &[3..6], &[1..2, 4..5], &[6..7]] {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let wanted = Hashed::new(b"abcdefghi").digest(algorithm, ranges);
                assert_eq!(file.digest(algorithm, ranges), wanted, "{ranges:?}");
            }
        }
        assert_eq!(file.part(2..8).sha256(&[1..3]), sha256(&[b"de"]));
        assert!(matches!(&file.parts(&[0..3, 6..9])[..], [Cow::Borrowed(b"abc"), Cow::Borrowed(b"ghi")]));
    }

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
                Algorithm::Sha256.digest(&plain(&file.parts(ranges))),
                "{ranges:?}"
            );
            assert_eq!(file.sha256(ranges), sha256(&plain(&file.parts(ranges))));
        }
        // All of it, each half, and the halves the other way round: equal bytes in different places are different ranges.
        assert_eq!(file.known.borrow().len(), 4);
        assert_eq!(file.digest(Algorithm::Sha512, &[0..3, 3..6]), Algorithm::Sha512.digest(&[b"abcabc"]));
        assert_eq!(file.known.borrow().len(), 5);
    }

    #[test]
    fn a_part_shares_the_digests_of_the_file() {
        let file = Hashed::new(b"--abc--");
        let part = file.part(2..5);
        assert_eq!(part.sha256(&[0..1, 1..3]), sha256(&[b"abc"]));
        assert_eq!(file.sha256(&[2..5]), part.sha256(&[0..3]));
        assert_eq!(part.part(1..3).whole(Algorithm::Sha256), file.digest(Algorithm::Sha256, &[3..5]));
        assert_eq!(file.known.borrow().len(), 2);
        assert_eq!(file.part(5..8).sha256(&[0..3]), sha256(&[]), "past the end");
    }

    #[test]
    fn a_range_past_the_end_is_empty() {
        let file = Hashed::new(b"abc");
        for ranges in [&[0..3, 2..4][..], &[0..3, 3..4], &[3..5, 0..3]] {
            assert_eq!(file.sha256(ranges), sha256(&[b"abc"]), "{ranges:?}");
        }
    }
}
