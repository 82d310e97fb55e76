//! The regions that the purgatory checks: the bytes of each segment, a long segment in three.

use super::{Region, name};
use crate::digest::Hashed;
use crate::placement::{Role, Segment, cut, digests, length};
use crate::sys::Private;
use skexec_purgatory::REGIONS;
use std::ops::Range;

/// A part of a segment's bytes.
#[derive(Debug)]
struct Stretch<'a> {
    name: String,
    start: u64,
    bytes: &'a [u8],
    /// Its digest, where it was made when the bytes were read.
    known: Option<[u8; 32]>,
}

/// The regions of all segments, in their order: long segments in several as long as the parameters have room. The digests of the
/// initrd's stretches are known from reading it; the others are computed now.
pub(super) fn regions(segments: &[Segment<'_>], initrd: Option<&Hashed<Private>>) -> Vec<Region> {
    let stretches = stretches(segments, initrd);
    let unknown: Vec<_> =
        stretches.iter().filter(|stretch| stretch.known.is_none()).map(|stretch| stretch.bytes).collect();
    let mut computed = digests(&unknown).into_iter();
    let region = |stretch: &Stretch<'_>| Region {
        start: stretch.start,
        length: length(stretch.bytes),
        // There are as many as unknown ones.
        digest: stretch.known.or_else(|| computed.next()).unwrap_or_default(),
        name: name(&stretch.name),
    };
    stretches.iter().map(region).collect()
}

fn stretches<'a>(segments: &'a [Segment<'_>], initrd: Option<&Hashed<Private>>) -> Vec<Stretch<'a>> {
    let mut room = REGIONS.saturating_sub(segments.len());
    let cut = |segment: &'a Segment<'_>| {
        let parts = cut(segment.bytes.len());
        let more = parts.len().saturating_sub(1);
        let whole = 0..segment.bytes.len();
        let parts = if more <= room {
            parts
        } else if whole.is_empty() {
            Vec::new()
        } else {
            vec![whole]
        };
        room = room.saturating_sub(parts.len().saturating_sub(1));
        stretches_of(segment, &parts, initrd)
    };
    segments.iter().flat_map(cut).collect()
}

fn stretches_of<'a>(
    segment: &'a Segment<'_>,
    parts: &[Range<usize>],
    initrd: Option<&Hashed<Private>>,
) -> Vec<Stretch<'a>> {
    let read = initrd.filter(|read| segment.role == Role::Initrd && std::ptr::eq(read.bytes(), &*segment.bytes));
    let mut start = segment.range.start().get();
    let mut all = Vec::with_capacity(parts.len());
    for (number, part) in (1..).zip(parts) {
        let name = match parts.len() {
            1 => segment.name.to_string(),
            count => format!("{} ({number}/{count})", segment.name),
        };
        let bytes = segment.bytes.get(part.clone()).unwrap_or_default();
        all.push(Stretch { name, start, bytes, known: read.and_then(|read| read.known_sha256(part)) });
        start = start.saturating_add(length(bytes));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Known;
    use crate::memory::{PhysAddr, PhysRange};
    use crate::placement::Role;
    use sha2::{Digest as _, Sha256};

    /// What is long enough to be cut.
    const LONG: usize = 4 << 20;

    fn segment(name: &'static str, start: u64, bytes: Vec<u8>) -> Segment<'static> {
        let range = PhysRange::of_length(PhysAddr::new(start), 1 << 30).unwrap();
        Segment { role: Role::Initrd, name: name.into(), range, window: range, bytes: bytes.into(), zeroed: false }
    }

    #[test]
    fn long_segments_are_cut_and_nothing_is_left_out() {
        for length in [0, 1, LONG - 1, LONG, LONG + 1, LONG + 63, 3 * LONG + 64] {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let segments = [segment("initrd", 0x1000, bytes.clone()), segment("boot_params", 1 << 31, vec![1; 4096])];
            let regions = regions(&segments, None);
            let own: Vec<_> = regions.iter().filter(|region| region.name.starts_with(b"initrd")).collect();
            assert_eq!(own.len(), if length >= LONG { 3 } else { length.min(1) }, "{length}");
            let mut at = 0;
            for region in own {
                let (from, to) = (at, at + usize::try_from(region.length).unwrap());
                let digest: [u8; 32] = Sha256::digest(&bytes[from..to]).into();
                assert_eq!((region.start, region.digest), (0x1000 + u64::try_from(from).unwrap(), digest), "{length}");
                at = to;
            }
            assert_eq!(at, length);
        }
    }

    #[test]
    fn the_digests_of_the_initrd_are_those_of_reading_it() {
        let mut memory = Private::new(LONG + 1).unwrap();
        memory.fill(7);
        let known = cut(LONG + 1).into_iter().map(|part| Known::of(part, [9; 32])).collect();
        let read = Hashed::knowing(memory, known);
        let range = PhysRange::of_length(PhysAddr::new(0x1000), 1 << 30).unwrap();
        let own = Segment {
            role: Role::Initrd,
            name: "initrd".into(),
            range,
            window: range,
            bytes: read.bytes().into(),
            zeroed: false,
        };
        let digests = |segment: &Segment<'_>| -> Vec<[u8; 32]> {
            regions(std::slice::from_ref(segment), Some(&read)).iter().map(|region| region.digest).collect()
        };
        assert_eq!(digests(&own), [[9; 32]; 3]);
        // Bytes that lie elsewhere are hashed.
        let copy = Segment { bytes: read.bytes().to_vec().into(), ..own };
        let wanted: Vec<[u8; 32]> =
            cut(LONG + 1).into_iter().map(|part| Sha256::digest(vec![7; part.len()]).into()).collect();
        assert_eq!(digests(&copy), wanted);
    }

    #[test]
    fn the_names_tell_which() {
        let segments = [segment("kernel", 0, vec![0; LONG]), segment("boot_params", 1 << 31, vec![1; 64])];
        let stretches = stretches(&segments, None);
        let names: Vec<_> = stretches.iter().map(|stretch| stretch.name.as_str()).collect();
        assert_eq!(names, ["kernel (1/3)", "kernel (2/3)", "kernel (3/3)", "boot_params"]);
    }

    #[test]
    fn there_is_room_for_sixteen() {
        let segments: Vec<_> = (0..15).map(|number| segment("kernel", number << 32, vec![0; LONG])).collect();
        assert_eq!(stretches(&segments, None).len(), 15);
        assert_eq!(stretches(&segments[..14], None).len(), 16);
    }
}
