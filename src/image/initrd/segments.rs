//! The segments of an initrd: cpio archives, each compressed or not, one after the other, as the kernel unpacks them
//! (init/initramfs.c, `unpack_to_rootfs`).

use super::Contents;
use crate::image::payload::Compression;
use std::ops::Range;

/// The most bytes that are unpacked in all; nothing of them is kept.
const MOST_BYTES: u64 = 4 << 30;
/// More segments than any initrd has.
const MOST_SEGMENTS: usize = 64;

/// One part of an initrd.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Where it lies in the file.
    pub(crate) at: Range<usize>,
    /// `None` for a cpio archive as it is.
    pub(crate) compression: Option<Compression>,
    pub(crate) contents: Contents,
    /// What is wrong with it; it is the last one then.
    pub(crate) problem: Option<String>,
}

/// The segments of a file, and what is wrong with the bytes behind the last one.
#[must_use]
pub(crate) fn segments(bytes: &[u8]) -> (Vec<Segment>, Option<String>) {
    let mut found: Vec<Segment> = Vec::new();
    let mut rest = bytes;
    let mut budget = MOST_BYTES;
    loop {
        let zeros = rest.iter().take_while(|byte| **byte == 0).count();
        rest = rest.get(zeros..).unwrap_or_default();
        let start = bytes.len().saturating_sub(rest.len());
        if rest.is_empty() {
            return (found, None);
        }
        if found.len() == MOST_SEGMENTS {
            return (found, Some(format!("more than {MOST_SEGMENTS} segments: the rest was not read")));
        }
        let compression = Compression::of(rest);
        if compression.is_none() && !rest.starts_with(b"0707") {
            return (found, Some(format!("from byte {start} on it is neither a cpio archive nor compressed")));
        }
        let mut contents = Contents::default();
        let result = match compression {
            None => contents.read(rest).map(|read| rest = rest.get(read..).unwrap_or_default()),
            Some(compression) => unpack(compression, &mut rest, &mut contents, &mut budget),
        };
        let cut = || (!contents.is_complete()).then(|| "it ends within an entry".to_owned());
        let problem = result.err().or_else(cut);
        let last = problem.is_some();
        let end = if last { bytes.len() } else { bytes.len().saturating_sub(rest.len()) };
        found.push(Segment { at: start..end, compression, contents, problem });
        if last {
            return (found, None);
        }
    }
}

fn unpack(compression: Compression, rest: &mut &[u8], contents: &mut Contents, budget: &mut u64) -> Result<(), String> {
    compression.each(rest, &mut |piece| {
        let left = budget.checked_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        *budget = left.ok_or_else(|| format!("it unpacks to more than {MOST_BYTES} bytes: not counted further"))?;
        contents.read_all(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::cpio::{Entry, archive};
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn example() -> Vec<u8> {
        let early = archive(&[Entry::file("kernel/x86/microcode/GenuineIntel.bin", 0o644, &[7; 40])]).unwrap();
        let main = archive(&[Entry::file("init", 0o755, b"#!")]).unwrap();
        [&early[..], &[0; 512], &gzip(&main), &[0; 3], &gzip(&main)].concat()
    }

    #[test]
    fn early_archives_and_compressed_ones() {
        let file = example();
        let (found, problem) = segments(&file);
        assert_eq!((found.len(), problem), (3, None));
        let kinds: Vec<_> = found.iter().map(|one| one.compression.map(Compression::name)).collect();
        assert_eq!(kinds, [None, Some("gzip"), Some("gzip")]);
        assert!(found.iter().all(|one| one.problem.is_none() && one.contents.entries == 1));
        assert_eq!(found[0].contents.microcode.len(), 1);
        assert_eq!(found[2].at.end, file.len());
    }

    #[test]
    fn no_cut_makes_it_panic_and_none_within_a_segment_is_sound() {
        let file = example();
        let sound: Vec<_> = segments(&file).0.iter().map(|one| one.at.end).collect();
        for length in 0..file.len() {
            let (found, problem) = segments(&file[..length]);
            let faulty = problem.is_some() || found.iter().any(|one| one.problem.is_some());
            let within = segments(&file).0.iter().any(|one| one.at.start < length && length < one.at.end);
            assert_eq!(faulty, within, "{length} of {sound:?}");
        }
    }
}
