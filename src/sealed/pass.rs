//! One pass over a content: each piece is read, hashed while the cache holds it, and kept.

use crate::digest::lanes::Lanes;
use crate::digest::{Known, Passing};
use crate::sys::{Memfd, Private};
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes that are read at a time: a piece stays in the cache of one processor until it is hashed.
pub(crate) const PIECE: usize = 128 << 10;
/// Fewer bytes are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 20;
/// More threads would wait for the memory rather than for each other's digests.
const MOST_THREADS: usize = 2;

/// Reads a content that is as long as the memory into it, in its order. `fill` reads the bytes at an offset; `plan` names the digests to
/// make when it has seen the first piece. Where a part is a secret, the memory is guarded already.
pub(crate) fn into_memory<E: From<io::Error>>(
    memory: Private,
    fill: impl Fn(&mut [u8], usize) -> Result<(), E>,
    plan: impl FnOnce(&[u8]) -> Passing,
) -> Result<(Private, Vec<Known>), E> {
    let (memory, known, _) = with_gap(memory, fill, |head| (plan(head), 0..0))?;
    Ok((memory, known))
}

/// The same, but for bytes that nobody will look at, which the plan names: they are hashed, and not kept. Whole pieces of them are zero
/// in the memory, and the gap is returned.
pub(crate) fn with_gap<E: From<io::Error>>(
    mut memory: Private,
    fill: impl Fn(&mut [u8], usize) -> Result<(), E>,
    plan: impl FnOnce(&[u8]) -> (Passing, Range<usize>),
) -> Result<(Private, Vec<Known>, Range<usize>), E> {
    let length = memory.len();
    let (mut plan, mut passing, mut gap) = (Some(plan), Passing::new([]), 0..0);
    let mut buffer = Vec::new();
    for start in (0..length).step_by(PIECE) {
        let end = start.saturating_add(PIECE).min(length);
        let piece = if gap.start <= start && end <= gap.end {
            buffer.resize(PIECE, 0);
            buffer.get_mut(..PIECE)
        } else {
            memory.get_mut(start..end)
        };
        let piece = piece.unwrap_or_default();
        fill(piece, start)?;
        if let Some(plan) = plan.take() {
            (passing, gap) = plan(piece);
            gap = gap.start.max(end).next_multiple_of(PIECE)..gap.end.min(length) / PIECE * PIECE;
        }
        passing.feed(piece);
        if start == 0 && gap.is_empty() {
            memory.prefer_huge_pages();
        }
    }
    Ok((memory, passing.finish(), gap))
}

/// The same into a sealed memfd of this length, of which a range may be secret.
pub(crate) fn into_memfd<E: From<io::Error>>(
    length: usize,
    secret: &Range<usize>,
    fill: impl Fn(&mut [u8], usize) -> Result<(), E>,
    plan: impl FnOnce(&[u8]) -> Passing,
) -> Result<(Memfd, Vec<Known>), E> {
    let mut known = Vec::new();
    let memfd = Memfd::guarded(c"skexec", length, secret, |target: &mut File| {
        let mut buffer = Private::new(PIECE.min(length))?;
        if !secret.is_empty() {
            buffer.guard(0..length);
        }
        let (mut plan, mut passing) = (Some(plan), Passing::new([]));
        for start in (0..length).step_by(PIECE) {
            let piece = buffer.get_mut(..length.saturating_sub(start).min(PIECE)).unwrap_or_default();
            fill(piece, start)?;
            if let Some(plan) = plan.take() {
                passing = plan(piece);
            }
            passing.feed(piece);
            target.write_all(piece)?;
        }
        known = passing.finish();
        Ok::<_, E>(())
    })?;
    Ok((memfd, known))
}

/// Reads a content into memory as stretches that follow each other and cover all of it, by two threads where there are two processors.
/// Makes the digest of each stretch; a thread reads pieces of its stretches in turn, and hashes them together.
pub(crate) fn in_stretches<E: From<io::Error> + Send>(
    mut memory: Private,
    fill: impl Fn(&mut [u8], usize) -> Result<(), E> + Sync,
    stretches: &[Range<usize>],
) -> Result<(Private, Vec<Known>), E> {
    let length = memory.len();
    memory.prefer_huge_pages();
    let threads = match thread::available_parallelism() {
        Ok(processors) if length >= WORTH_A_THREAD => processors.get().min(MOST_THREADS),
        _ => 1,
    };
    let jobs = Mutex::new(jobs(&mut memory, stretches, threads));
    let ends = Mutex::new(Vec::new());
    // Each thread takes jobs until there are none left. Where no further thread can be started, this one takes them all.
    let work = || {
        while let Some(job) = locked(&jobs).pop() {
            let end = read_job(job, &fill);
            locked(&ends).push(end);
        }
    };
    let panicked = thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        work();
        others.into_iter().any(|other| other.join().is_err())
    });
    if panicked {
        return Err(io::Error::other("a thread that read a part of it ended early").into());
    }
    let ends = ends.into_inner().unwrap_or_else(PoisonError::into_inner);
    let known = ends.into_iter().collect::<Result<Vec<_>, E>>()?.concat();
    Ok((memory, known))
}

/// A stretch of the memory, and the offset at which it starts.
type Stretch<'a> = (usize, &'a mut [u8]);

/// Divides the stretches among this many threads.
fn jobs<'a>(memory: &'a mut [u8], stretches: &[Range<usize>], threads: usize) -> Vec<Vec<Stretch<'a>>> {
    let mut rest = memory;
    let mut all = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let (own, after) = rest.split_at_mut_checked(stretch.len()).unwrap_or_default();
        all.push((stretch.start, own));
        rest = after;
    }
    // Instructions for many lanes save more than a second thread does.
    let each = all.len().div_ceil(threads.max(1)).max(Lanes::width());
    let mut jobs = Vec::with_capacity(threads);
    while !all.is_empty() {
        jobs.push(all.split_off(all.len().saturating_sub(each)));
    }
    jobs
}

fn read_job<E>(job: Vec<Stretch<'_>>, fill: impl Fn(&mut [u8], usize) -> Result<(), E>) -> Result<Vec<Known>, E> {
    let mut lanes = Lanes::new(job.len());
    let ranges: Vec<_> = job.iter().map(|(start, bytes)| *start..start.saturating_add(bytes.len())).collect();
    let step = piece_of(job.len());
    let mut offsets: Vec<_> = ranges.iter().map(|range| range.clone().step_by(step)).collect();
    let mut chunks: Vec<_> = job.into_iter().map(|(_, bytes)| bytes.chunks_mut(step)).collect();
    loop {
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(chunks.len());
        for (own, at) in chunks.iter_mut().zip(&mut offsets) {
            let (piece, at) = (own.next().unwrap_or_default(), at.next().unwrap_or_default());
            if !piece.is_empty() {
                fill(piece, at)?;
            }
            pieces.push(piece);
        }
        if pieces.iter().all(|piece| piece.is_empty()) {
            break;
        }
        lanes.update(&pieces);
    }
    Ok(ranges.into_iter().zip(lanes.finalize()).map(|(range, digest)| Known::of(range, digest)).collect())
}

/// The length of a piece where so many of them are to stay in the cache together: a multiple of SHA-256's block.
fn piece_of(together: usize) -> usize {
    PIECE.checked_div(together).unwrap_or(PIECE).next_multiple_of(4096)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{Algorithm, Hashed};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|index| u8::try_from((index * 7 + index / 251) % 256).unwrap()).collect()
    }

    fn memory(length: usize) -> Private {
        Private::new(length).unwrap()
    }

    /// A content that counts the bytes that are read of it.
    struct Counted {
        bytes: Vec<u8>,
        read: AtomicUsize,
    }

    impl Counted {
        fn new(length: usize) -> Self {
            Self { bytes: noise(length), read: AtomicUsize::new(0) }
        }

        fn fill(&self, target: &mut [u8], at: usize) -> io::Result<()> {
            self.read.fetch_add(target.len(), Ordering::Relaxed);
            target.copy_from_slice(&self.bytes[at..at + target.len()]);
            Ok(())
        }

        fn passes(&self) -> usize {
            self.read.swap(0, Ordering::Relaxed) / self.bytes.len()
        }
    }

    const LENGTHS: [usize; 9] =
        [1, 64, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 1 << 20, (1 << 20) + 4097, 5 * (1 << 20) + 63];

    #[test]
    fn each_byte_is_read_once_and_hashed_in_the_same_pass() {
        for length in LENGTHS {
            let content = Counted::new(length);
            let fresh = Hashed::new(&content.bytes);
            let fill = |target: &mut [u8], at| content.fill(target, at);
            let ranges = [0..length / 3, length / 3..length, 0..length];
            let plan = || Passing::new(ranges.iter().cloned().map(|range| vec![range]));
            let (memory, known) = into_memory(Private::new(length).unwrap(), fill, |_| plan()).unwrap();
            assert!(*memory == *content.bytes && content.passes() == 1, "{length}");
            let (memfd, same) = into_memfd(length, &(0..0), fill, |_| plan()).unwrap();
            let map = crate::sys::Map::new(&memfd).unwrap();
            assert!(*map == *content.bytes && content.passes() == 1, "{length}");
            assert_eq!(known, same);
            let made = Hashed::knowing(memory, known);
            for range in &ranges {
                let wanted = fresh.sha256(std::slice::from_ref(range));
                assert_eq!(made.sha256(std::slice::from_ref(range)), wanted, "{range:?} of {length}");
            }
        }
    }

    #[test]
    fn stretches_are_read_once_by_whatever_thread() {
        for length in LENGTHS {
            for count in [1, 2, 3, 7] {
                let content = Counted::new(length);
                let step = length.div_ceil(count);
                let stretches: Vec<_> =
                    (0..length).step_by(step).map(|start| start..(start + step).min(length)).collect();
                let (memory, known) =
                    in_stretches(memory(length), |target, at| content.fill(target, at), &stretches).unwrap();
                assert!(*memory == *content.bytes && content.passes() == 1, "{length} in {count}");
                let made = Hashed::knowing(memory, known);
                for range in &stretches {
                    let wanted = Hashed::new(&content.bytes).sha256(std::slice::from_ref(range));
                    assert_eq!(made.known_sha256(range), Some(wanted), "{range:?} of {length}");
                }
            }
        }
    }

    #[test]
    fn the_gap_is_hashed_and_not_kept() {
        let length = 10 * PIECE + 5;
        let content = Counted::new(length);
        for (gap, kept_out) in [
            (PIECE / 2..9 * PIECE + 7, PIECE..9 * PIECE),
            (3 * PIECE..usize::MAX, 3 * PIECE..10 * PIECE),
            (5 * PIECE + 1..6 * PIECE + 1, 6 * PIECE..6 * PIECE),
            (0..0, 0..0),
        ] {
            let plan = |_: &[u8]| (Passing::new([vec![0..length]]), gap.clone());
            let (memory, known, seen) =
                with_gap(Private::new(length).unwrap(), |target, at| content.fill(target, at), plan).unwrap();
            assert!(seen == kept_out || (seen.is_empty() && kept_out.is_empty()), "{gap:?}: {seen:?}");
            assert!(content.passes() == 1 && memory[kept_out.clone()].iter().all(|byte| *byte == 0));
            let (before, after) = (..kept_out.start, kept_out.end..);
            assert!(memory[before] == content.bytes[before] && memory[after.clone()] == content.bytes[after]);
            let whole = Hashed::new(&content.bytes).whole(Algorithm::Sha256);
            assert_eq!(Hashed::knowing(memory, known).whole(Algorithm::Sha256), whole);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let length = 5 << 20;
        let fill = |_: &mut [u8], at: usize| if at > length / 2 { Err(io::Error::other("torn")) } else { Ok(()) };
        let stretches = [0..length / 2, length / 2..length];
        assert_eq!(in_stretches(memory(length), fill, &stretches).unwrap_err().to_string(), "torn");
        assert!(into_memory(memory(length), fill, |_| Passing::new([])).is_err());
        assert!(into_memfd(length, &(0..0), fill, |_| Passing::new([])).is_err());
    }
}
