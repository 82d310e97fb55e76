//! The regions that the purgatory checks: the bytes of each segment, a long segment in three.

use super::{Region, name};
use crate::digest::Hashed;
use crate::placement::{Role, Segment, cut, cut_initrd, digests, length, side_by_side};
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
pub(super) fn regions(segments: &[&Segment<'_>], initrd: Option<&Hashed<Private>>) -> Vec<Region> {
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

fn stretches<'a>(segments: &[&'a Segment<'_>], initrd: Option<&Hashed<Private>>) -> Vec<Stretch<'a>> {
    let mut room = REGIONS.saturating_sub(segments.len());
    let mut take = |length, parts: Vec<Range<usize>>| {
        let more = parts.len().saturating_sub(1);
        let fits = more <= room;
        room = room.saturating_sub(if fits { more } else { 0 });
        if fits { parts } else { cut(length, 1) }
    };
    // The initrd takes room first, because it was cut when it was read.
    let read = |segment: &&Segment<'_>| was_read(segment, initrd).is_some();
    let of_initrd =
        segments.iter().copied().find(read).map(|segment| take(segment.bytes.len(), cut_initrd(segment.bytes.len())));
    let stretches = |segment: &'a Segment<'_>| match (was_read(segment, initrd), &of_initrd) {
        (Some(read), Some(parts)) => stretches_of(segment, parts, Some(read)),
        _ => stretches_of(segment, &take(segment.bytes.len(), cut(segment.bytes.len(), side_by_side())), None),
    };
    segments.iter().copied().flat_map(stretches).collect()
}

/// The initrd, if the segment consists of just these bytes.
fn was_read<'r>(segment: &Segment<'_>, initrd: Option<&'r Hashed<Private>>) -> Option<&'r Hashed<Private>> {
    initrd.filter(|read| segment.role == Role::Initrd && std::ptr::eq(read.bytes(), &*segment.bytes))
}

fn stretches_of<'a>(
    segment: &'a Segment<'_>,
    parts: &[Range<usize>],
    read: Option<&Hashed<Private>>,
) -> Vec<Stretch<'a>> {
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
            let regions = regions(&segments.iter().collect::<Vec<_>>(), None);
            let own: Vec<_> = regions.iter().filter(|region| region.name.starts_with(b"initrd")).collect();
            assert_eq!(own.len(), if length >= LONG { side_by_side() } else { length.min(1) }, "{length}");
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
        let known = cut_initrd(LONG + 1).into_iter().map(|part| Known::of(part, [9; 32])).collect();
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
            regions(&[segment], Some(&read)).iter().map(|region| region.digest).collect()
        };
        assert_eq!(digests(&own), vec![[9; 32]; 2 * side_by_side()]);
        // Bytes that lie elsewhere are hashed.
        let copy = Segment { bytes: read.bytes().to_vec().into(), ..own };
        let wanted: Vec<[u8; 32]> =
            cut(LONG + 1, side_by_side()).into_iter().map(|part| Sha256::digest(vec![7; part.len()]).into()).collect();
        assert_eq!(digests(&copy), wanted);
    }

    #[test]
    fn the_names_tell_which() {
        let segments = [segment("kernel", 0, vec![0; LONG]), segment("boot_params", 1 << 31, vec![1; 64])];
        let stretches = stretches(&segments.iter().collect::<Vec<_>>(), None);
        let names: Vec<_> = stretches.iter().map(|stretch| stretch.name.as_str()).collect();
        let count = side_by_side();
        let wanted: Vec<_> = (1..=count).map(|number| format!("kernel ({number}/{count})")).collect();
        assert_eq!(names, [wanted.iter().map(String::as_str).collect(), vec!["boot_params"]].concat());
    }

    #[test]
    fn there_is_room_for_sixteen() {
        let more = side_by_side() - 1;
        let segments: Vec<_> = (0..16).map(|number| segment("kernel", number << 32, vec![0; LONG])).collect();
        let segments: Vec<_> = segments.iter().collect();
        for count in [1, 4, 16 - more, 17 - more, 16] {
            let room = 16 - count;
            let wanted = count + (room / more).min(count) * more;
            assert_eq!(stretches(&segments[..count], None).len(), wanted, "{count} segments");
        }
    }
}
