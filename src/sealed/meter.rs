//! How far the reading of files has come, and whether a kernel is being unpacked, for whoever shows it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of all files that this process has opened, and how many of them it has read. A process runs one command.
static EXPECTED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);
static UNPACKING: AtomicBool = AtomicBool::new(false);

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

/// Does the work of unpacking a kernel.
pub(crate) fn unpack<T>(work: impl FnOnce() -> T) -> T {
    UNPACKING.store(true, Ordering::Relaxed);
    let done = work();
    UNPACKING.store(false, Ordering::Relaxed);
    done
}

/// Whether a kernel is being unpacked.
#[must_use]
pub(crate) fn unpacking() -> bool {
    UNPACKING.load(Ordering::Relaxed)
}
