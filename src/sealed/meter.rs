//! How far the reading of files has come, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of all files that this process has opened, and how many of them it has read. A process runs one command.
static EXPECTED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);

/// A file of so many bytes was opened to be read.
pub(super) fn expect(bytes: u64) {
    EXPECTED.fetch_add(bytes, Ordering::Relaxed);
}

/// So many bytes were read.
pub(super) fn advance(bytes: usize) {
    READ.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
}

/// Bytes that were read, and bytes of the files that were opened.
#[must_use]
pub(crate) fn reading() -> (u64, u64) {
    (READ.load(Ordering::Relaxed), EXPECTED.load(Ordering::Relaxed))
}
