//! What the purgatory checks: each segment's bytes, a long segment in parts.

use super::Part;
use crate::digest::sha256;
use crate::memory::MIB;
use crate::purgatory::Region;
use std::thread;

/// The purgatory reads three regions side by side where the processor has SHA instructions, which are idle half of the time
/// with one alone.
const SIDE_BY_SIDE: usize = 3;
/// Shorter ones are not worth it.
const LONG: usize = 4 * MIB_USIZE;
/// What a thread is started for.
const WORTH_A_THREAD: usize = MIB_USIZE;
/// Regions that the purgatory has room for.
const MOST: usize = 16;

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a constant that fits")]
const MIB_USIZE: usize = MIB as usize;

/// A stretch of one segment, and what the purgatory's report calls it.
#[derive(Debug)]
pub(super) struct Stretch<'a> {
    name: String,
    start: u64,
    bytes: &'a [u8],
}

/// The stretches of all segments, in their order: long segments in three as long as there is room for that many.
pub(super) fn stretches<'a>(parts: &'a [Part<'_>]) -> Vec<Stretch<'a>> {
    let mut room = MOST.saturating_sub(parts.len());
    parts
        .iter()
        .flat_map(|part| {
            let more = SIDE_BY_SIDE.saturating_sub(1);
            let cut = part.bytes.len() >= LONG && room >= more;
            room = room.saturating_sub(if cut { more } else { 0 });
            stretches_of(part, if cut { SIDE_BY_SIDE } else { 1 })
        })
        .collect()
}

/// One segment in so many stretches of about the same length, each but the last a multiple of SHA-256's 64-byte block.
fn stretches_of<'a>(part: &'a Part<'_>, count: usize) -> Vec<Stretch<'a>> {
    let length = part.bytes.len().div_ceil(count.max(1)).next_multiple_of(64);
    let mut start = part.range.start().get();
    let chunks = part.bytes.chunks(length.max(1)).enumerate();
    let mut all = Vec::with_capacity(count);
    for (number, bytes) in chunks {
        let name = if count == 1 {
            part.name.to_string()
        } else {
            format!("{} ({}/{count})", part.name, number.saturating_add(1))
        };
        all.push(Stretch { name, start, bytes });
        start = start.saturating_add(super::length(bytes));
    }
    all
}

/// What the purgatory is told of the stretches.
pub(super) fn regions<'a>(stretches: &'a [Stretch<'_>]) -> Vec<Region<'a>> {
    let bytes: Vec<_> = stretches.iter().map(|stretch| stretch.bytes).collect();
    let named = stretches.iter().zip(digests(&bytes));
    named
        .map(|(stretch, digest)| {
            let Stretch { name, start, bytes } = stretch;
            Region { name, start: *start, length: super::length(bytes), digest }
        })
        .collect()
}

/// The SHA-256 of each piece. Long ones are computed at the same time: a large initrd alone takes a second on a processor
/// without SHA instructions.
pub(super) fn digests(pieces: &[&[u8]]) -> Vec<[u8; 32]> {
    thread::scope(|scope| {
        let jobs: Vec<_> = pieces.iter().map(|bytes| (bytes, start(scope, bytes))).collect();
        // Where no thread is to be had, it is done here.
        let end = |(bytes, job): (&&[u8], Option<Job<'_>>)| {
            job.and_then(|job| job.join().ok()).unwrap_or_else(|| sha256(&[bytes]))
        };
        jobs.into_iter().map(end).collect()
    })
}

/// A digest under way.
type Job<'scope> = thread::ScopedJoinHandle<'scope, [u8; 32]>;

fn start<'scope, 'env>(scope: &'scope thread::Scope<'scope, 'env>, bytes: &'env [u8]) -> Option<Job<'scope>> {
    let worth = bytes.len() >= WORTH_A_THREAD;
    worth.then(|| thread::Builder::new().spawn_scoped(scope, move || sha256(&[bytes])).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{PhysAddr, PhysRange};

    fn part(name: &'static str, start: u64, bytes: Vec<u8>) -> Part<'static> {
        let range = PhysRange::of_length(PhysAddr::new(start), 1 << 30).unwrap();
        Part { name: name.into(), range, bytes: bytes.into(), digest: [0; 32] }
    }

    #[test]
    fn long_segments_are_cut_and_nothing_is_left_out() {
        for length in [0, 1, LONG - 1, LONG, LONG + 1, LONG + 63, 3 * LONG + 64] {
            let bytes: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let parts = [part("initrd", 0x1000, bytes.clone()), part("boot_params", 1 << 31, vec![1; 4096])];
            let stretches = stretches(&parts);
            let regions = regions(&stretches);
            let own: Vec<_> = regions.iter().filter(|region| region.name.starts_with("initrd")).collect();
            assert_eq!(own.len(), if length >= LONG { 3 } else { length.min(1) }, "{length}");
            let mut at = 0;
            for region in own {
                let (from, to) = (at, at + usize::try_from(region.length).unwrap());
                assert_eq!(
                    (region.start, region.digest),
                    (0x1000 + u64::try_from(from).unwrap(), sha256(&[&bytes[from..to]])),
                    "{length}"
                );
                at = to;
            }
            assert_eq!(at, length);
        }
    }

    #[test]
    fn the_names_tell_which() {
        let parts = [part("kernel", 0, vec![0; LONG]), part("boot_params", 1 << 31, vec![1; 64])];
        let stretches = stretches(&parts);
        let names: Vec<_> = stretches.iter().map(|stretch| stretch.name.as_str()).collect();
        assert_eq!(names, ["kernel (1/3)", "kernel (2/3)", "kernel (3/3)", "boot_params"]);
    }

    #[test]
    fn there_is_room_for_sixteen() {
        let parts: Vec<_> = (0..15).map(|number| part("kernel", number << 32, vec![0; LONG])).collect();
        assert_eq!(stretches(&parts).len(), 15);
        assert_eq!(stretches(&parts[..14]).len(), 16);
    }
}
