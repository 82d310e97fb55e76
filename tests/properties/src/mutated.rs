//! Seeds that are changed in a few random places: what the fuzzer does, without its guide, on stable Rust.

use forge::random::Random;

/// A copy of one of the seeds of a target, changed in up to six places. There is at least one seed.
#[must_use]
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = any(seeds, random).clone();
    for _ in 0..=random.below(6) {
        change(&mut bytes, seeds, random);
    }
    bytes
}

fn any<'a>(seeds: &'a [Vec<u8>], random: &mut Random) -> &'a Vec<u8> {
    &seeds[below(seeds.len(), random)]
}

/// A number below the limit; 0 where that is 0.
fn below(limit: usize, random: &mut Random) -> usize {
    usize::try_from(random.below(u64::try_from(limit.max(1)).unwrap())).unwrap()
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = below(bytes.len(), random);
    let rest = bytes.len() - at;
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
        2 => drop(bytes.drain(at..at + below(rest.min(32), random))),
        3 => {
            let other = any(seeds, random);
            let from = below(other.len(), random);
            let length = below((other.len() - from).min(64), random);
            let piece = other[from..from + length].to_vec();
            drop(bytes.splice(at..at, piece));
        }
        4 if rest > 0 => bytes[at] ^= 1 << random.below(8),
        _ if rest > 0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        _ => {}
    }
}
