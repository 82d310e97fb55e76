//! The digests that a signature may use: SHA-256, SHA-384, SHA-512.

use crate::hex;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
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

/// Digests of parts of a file, each computed once. Hashing is most of what a verification costs, and the same bytes are
/// asked for several times: by the signature, by the revocations, by the prediction.
///
/// What does not live as long as the rest cannot be asked for: other bytes might come to lie in its place.
///
/// ```compile_fail
/// use skexec::trust::digest::{Algorithm, Sums};
/// fn later<'a>(sums: &Sums<'a>) {
///     let gone = vec![0; 9];
///     sums.digest(Algorithm::Sha256, &[&gone]);
/// }
/// ```
#[derive(Debug, Default)]
pub struct Sums<'a> {
    known: RefCell<Vec<(Vec<Range<usize>>, Digest)>>,
    // Invariant, so that only what is borrowed all the while can be asked for: a place stands for its bytes.
    file: PhantomData<Cell<&'a [u8]>>,
}

impl<'a> Sums<'a> {
    /// The digest of the parts, one after the other. How the bytes are cut into parts makes no difference.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm, parts: &[&'a [u8]]) -> Digest {
        let place = place(parts);
        let mut known = self.known.borrow_mut();
        let found = known.iter().find(|(other, digest)| *other == place && digest.algorithm == algorithm);
        if let Some((_, digest)) = found {
            return digest.clone();
        }
        let digest = algorithm.digest(parts);
        known.push((place, digest.clone()));
        digest
    }

    /// The same by SHA-256, as an array.
    #[must_use]
    pub fn sha256(&self, parts: &[&'a [u8]]) -> [u8; 32] {
        let digest = self.digest(Algorithm::Sha256, parts);
        digest.value.try_into().unwrap_or_else(|_| sha256(parts))
    }
}

/// Where parts lie in memory, with neighbours joined. While they are borrowed, no other bytes can come to lie there.
fn place(parts: &[&[u8]]) -> Vec<Range<usize>> {
    let mut place: Vec<Range<usize>> = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let Range { start, end } = part.as_ptr_range();
        match place.last_mut() {
            Some(last) if last.end == start.addr() => last.end = end.addr(),
            _ => place.push(start.addr()..end.addr()),
        }
    }
    place
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
        let file = *b"abcabc";
        let (sums, all) = (Sums::default(), file.as_slice());
        let (one, two) = all.split_at(3);
        for parts in [&[all][..], &[one, two], &[one, &[], two], &[one], &[two], &[two, one]] {
            assert_eq!(sums.digest(Algorithm::Sha256, parts), Algorithm::Sha256.digest(parts), "{parts:?}");
            assert_eq!(sums.sha256(parts), sha256(parts));
        }
        // All of it, each half, and the halves the other way round.
        assert_eq!(sums.known.borrow().len(), 4);
        assert_eq!(sums.digest(Algorithm::Sha512, &[all]), Algorithm::Sha512.digest(&[all]));
        assert_eq!(sums.known.borrow().len(), 5);
    }
}
