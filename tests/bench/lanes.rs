//! SHA-256 of streams side by side, by the instructions and the number of streams: `cargo bench --bench lanes [RUNS]`.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![allow(clippy::as_conversions, reason = "times and lengths become ratios")]
#![expect(unsafe_code, reason = "the clock is asked, and instructions are chosen")]

use nix::libc;
use skexec_purgatory::{Instructions, Stream};
use std::hint::black_box;

/// In the cache, and in memory.
const LENGTHS: [usize; 2] = [384 << 10, 64 << 20];
/// What one measurement hashes.
const WORK: usize = 64 << 20;

fn main() {
    let runs = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(5);
    for length in LENGTHS {
        let buffer: Vec<u8> = (0..length).map(|index| (index * 0x9e37_79b1).to_le_bytes()[3]).collect();
        println!("\n{} KiB in all; {runs} runs of each, in turns; medians of processor time", length >> 10);
        let rows = rows();
        let mut times = vec![Vec::new(); rows.len()];
        for _ in 0..runs {
            for ((_, instructions, streams), times) in rows.iter().zip(&mut times) {
                times.push(time(|| (0..WORK / length).for_each(|_| hash(&buffer, *streams, *instructions))));
            }
        }
        for ((name, _, streams), mut times) in rows.into_iter().zip(times) {
            times.sort_unstable();
            println!("  {name:9} {streams} streams {:6.0} MB/s", WORK as f64 * 1e3 / times[times.len() / 2] as f64);
        }
    }
}

fn rows() -> Vec<(&'static str, Instructions, usize)> {
    let mut rows = vec![("portable", Instructions::PORTABLE, 1)];
    #[cfg(target_arch = "x86_64")]
    {
        rows.extend([2, 3, 4].map(|streams| ("sse2", Instructions::BASELINE, streams)));
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has them.
            let avx2 = unsafe { Instructions::avx2() };
            rows.extend([2, 4, 8].map(|streams| ("avx2", avx2, streams)));
        }
        if sha_ni() {
            // SAFETY: the processor has them.
            let sha_ni = unsafe { Instructions::sha_ni() };
            rows.extend([1, 2, 3].map(|streams| ("sha-ni", sha_ni, streams)));
        }
    }
    rows
}

#[cfg(target_arch = "x86_64")]
fn sha_ni() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1")
}

fn hash(buffer: &[u8], count: usize, instructions: Instructions) {
    let pieces: Vec<&[u8]> = buffer.chunks(buffer.len().div_ceil(count).next_multiple_of(64)).collect();
    let mut streams = vec![Stream::EMPTY; pieces.len()];
    Stream::update(&mut streams, &pieces, instructions);
    for stream in streams {
        black_box(stream.finish(instructions));
    }
}

/// Nanoseconds of processor time.
fn time(pass: impl FnOnce()) -> i64 {
    let before = processor_time();
    pass();
    processor_time() - before
}

fn processor_time() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is ours to write.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
