//! The regions that the purgatory checks: the bytes of each segment, a long segment in three.

use super::{Region, name};
use crate::placement::{Segment, digests, length};
use skexec_purgatory::REGIONS;

/// The purgatory reads three regions side by side where the processor has SHA instructions: one alone keeps them busy half of
/// the time.
const SIDE_BY_SIDE: usize = 3;
/// Segments of fewer bytes are one region: to cut them saves nothing.
const LONG: usize = 4 << 20;

/// A part of a segment's bytes.
#[derive(Debug)]
struct Stretch<'a> {
    name: String,
    start: u64,
    bytes: &'a [u8],
}

/// The regions of all segments, in their order: long segments in three as long as the parameters have room.
pub(super) fn regions(segments: &[Segment<'_>]) -> Vec<Region> {
    let stretches = stretches(segments);
    let contents: Vec<_> = stretches.iter().map(|stretch| stretch.bytes).collect();
    let region = |(stretch, digest): (&Stretch<'_>, [u8; 32])| Region {
        start: stretch.start,
        length: length(stretch.bytes),
        digest,
        name: name(&stretch.name),
    };
    stretches.iter().zip(digests(&contents)).map(region).collect()
}

fn stretches<'a>(segments: &'a [Segment<'_>]) -> Vec<Stretch<'a>> {
    let mut room = REGIONS.saturating_sub(segments.len());
    let more = SIDE_BY_SIDE.saturating_sub(1);
    let cut = |segment: &'a Segment<'_>| {
        let cut = segment.bytes.len() >= LONG && room >= more;
        room = room.saturating_sub(if cut { more } else { 0 });
        stretches_of(segment, if cut { SIDE_BY_SIDE } else { 1 })
    };
    segments.iter().flat_map(cut).collect()
}

/// One segment in so many stretches of about the same length, each but the last a multiple of SHA-256's 64-byte block.
fn stretches_of<'a>(segment: &'a Segment<'_>, count: usize) -> Vec<Stretch<'a>> {
    let step = segment.bytes.len().div_ceil(count.max(1)).next_multiple_of(64);
    let mut start = segment.range.start().get();
    let mut all = Vec::with_capacity(count);
    for (number, bytes) in segment.bytes.chunks(step.max(1)).enumerate() {
        let name = if count == 1 {
            segment.name.to_string()
        } else {
            format!("{} ({}/{count})", segment.name, number.saturating_add(1))
        };
        all.push(Stretch { name, start, bytes });
        start = start.saturating_add(length(bytes));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{PhysAddr, PhysRange};
    use crate::placement::Role;
    use sha2::{Digest as _, Sha256};

    fn segment(name: &'static str, start: u64, bytes: Vec<u8>) -> Segment<'static> {
        let range = PhysRange::of_length(PhysAddr::new(start), 1 << 30).unwrap();
        Segment { role: Role::Initrd, name: name.into(), range, window: range, bytes: bytes.into(), zeroed: false }
    }

    #[test]
    fn long_segments_are_cut_and_nothing_is_left_out() {
        for length in [0, 1, LONG - 1, LONG, LONG + 1, LONG + 63, 3 * LONG + 64] {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let segments = [segment("initrd", 0x1000, bytes.clone()), segment("boot_params", 1 << 31, vec![1; 4096])];
            let regions = regions(&segments);
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
    fn the_names_tell_which() {
        let segments = [segment("kernel", 0, vec![0; LONG]), segment("boot_params", 1 << 31, vec![1; 64])];
        let stretches = stretches(&segments);
        let names: Vec<_> = stretches.iter().map(|stretch| stretch.name.as_str()).collect();
        assert_eq!(names, ["kernel (1/3)", "kernel (2/3)", "kernel (3/3)", "boot_params"]);
    }

    #[test]
    fn there_is_room_for_sixteen() {
        let segments: Vec<_> = (0..15).map(|number| segment("kernel", number << 32, vec![0; LONG])).collect();
        assert_eq!(stretches(&segments).len(), 15);
        assert_eq!(stretches(&segments[..14]).len(), 16);
    }
}
