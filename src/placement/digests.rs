//! SHA-256 of long contents, and how they are cut for that.

use crate::digest::lanes::Lanes;
use std::ops::Range;

/// Contents of fewer bytes are one stretch: to cut them saves nothing.
const LONG: usize = 4 << 20;

/// How many stretches of a segment the purgatory reads side by side: three where the processor has SHA instructions, because one alone
/// keeps them busy half of the time, and otherwise four.
#[must_use]
pub fn side_by_side() -> usize {
    Lanes::width().clamp(3, 4)
}

/// The stretches of a content of this length: one, or `count` of about the same length where it is long. Each but the last is a multiple
/// of SHA-256's 64-byte block.
#[must_use]
pub fn cut(length: usize, count: usize) -> Vec<Range<usize>> {
    let count = if length >= LONG { count.max(1) } else { 1 };
    let step = length.div_ceil(count).next_multiple_of(64).max(1);
    (0..length).step_by(step).map(|start| start..start.saturating_add(step).min(length)).collect()
}

/// The stretches of the joined initrds: two threads may read them, each several side by side.
#[must_use]
pub fn cut_initrd(length: usize) -> Vec<Range<usize>> {
    cut(length, side_by_side().saturating_mul(2))
}

/// The SHA-256 of each content, in their order, computed side by side.
#[must_use]
pub fn digests(contents: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut lanes = Lanes::new(contents.len());
    lanes.update(contents);
    lanes.finalize()
}
