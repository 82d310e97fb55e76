//! SHA-256 of many long contents at the same time, and how a long content is cut for that.

use sha2::{Digest as _, Sha256};
use std::ops::Range;
use std::thread;

/// The purgatory reads three stretches of a segment side by side where the processor has SHA instructions: one alone keeps them busy
/// half of the time.
const SIDE_BY_SIDE: usize = 3;
/// Contents of fewer bytes are one stretch: to cut them saves nothing.
const LONG: usize = 4 << 20;

/// A thread is started for contents of this many bytes and more.
const WORTH_A_THREAD: usize = 1 << 20;

/// The SHA-256 of each content, in their order. Long ones are computed at the same time: a large initrd alone takes a second on
/// a processor without SHA instructions.
#[must_use]
pub fn digests(contents: &[&[u8]]) -> Vec<[u8; 32]> {
    thread::scope(|scope| {
        let jobs: Vec<_> = contents.iter().map(|bytes| (bytes, start(scope, bytes))).collect();
        // Where no thread can be started, this one computes the digest.
        let end = |(bytes, job): (&&[u8], Option<Job<'_>>)| {
            job.and_then(|job| job.join().ok()).unwrap_or_else(|| Sha256::digest(bytes).into())
        };
        jobs.into_iter().map(end).collect()
    })
}

/// The stretches of a content of this length: one, or several of about the same length where it is long. Each but the last is a multiple
/// of SHA-256's 64-byte block.
#[must_use]
pub fn cut(length: usize) -> Vec<Range<usize>> {
    let count = if length >= LONG { SIDE_BY_SIDE } else { 1 };
    let step = length.div_ceil(count).next_multiple_of(64).max(1);
    (0..length).step_by(step).map(|start| start..start.saturating_add(step).min(length)).collect()
}

/// A digest that a thread computes.
type Job<'scope> = thread::ScopedJoinHandle<'scope, [u8; 32]>;

fn start<'scope, 'env>(scope: &'scope thread::Scope<'scope, 'env>, bytes: &'env [u8]) -> Option<Job<'scope>> {
    let worth = bytes.len() >= WORTH_A_THREAD;
    worth.then(|| thread::Builder::new().spawn_scoped(scope, move || Sha256::digest(bytes).into()).ok()).flatten()
}
