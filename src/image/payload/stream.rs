//! Unpacks a stream of unknown length piece by piece, and keeps nothing: for files whose content is only counted.

use super::{Compression, bzip2, gzip, lz4, lzma, lzo, xz, zstd};
use std::io::{ErrorKind, Read};

/// Takes what is unpacked, piece by piece. Its error stops the unpacking.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> Result<(), String>;

/// Bytes that are unpacked at once.
const PIECE: usize = 64 << 10;

impl Compression {
    /// Unpacks the stream at the start of `rest`, and leaves there what follows it. The sink bounds the work: it gets at least one
    /// byte for a bounded amount of work.
    ///
    /// # Errors
    /// That of the sink, or what is wrong with the stream.
    pub(crate) fn each(self, rest: &mut &[u8], sink: Sink<'_>) -> Result<(), String> {
        match self {
            Self::Gzip => gzip::each(rest, sink),
            Self::Bzip2 => bzip2::each(rest, sink),
            Self::Lzma => lzma::each(rest, sink),
            Self::Xz => xz::each(rest, sink),
            Self::Lzo => lzo::each(rest, sink),
            Self::Lz4 => lz4::each(rest, sink),
            Self::Zstd => zstd::each(rest, sink),
        }
    }
}

/// Passes all that a reader gives to the sink.
pub(super) fn pump(reader: &mut dyn Read, sink: Sink<'_>) -> Result<(), String> {
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => sink(piece.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The last `left` bytes of a stream.
pub(super) fn behind(stream: &[u8], left: usize) -> &[u8] {
    stream.get(stream.len().saturating_sub(left)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same content in the formats that the tests can write.
    fn packed(content: &[u8]) -> Vec<(Compression, Vec<u8>)> {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(content).unwrap();
        let mut bzip2 = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
        bzip2.write_all(content).unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest);
        let mut lz4 = lz4::MAGIC.to_vec();
        for block in content.chunks(8 << 20) {
            let block = lz4_flex::block::compress(block);
            lz4.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
            lz4.extend(block);
        }
        vec![
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Zstd, zstd),
            (Compression::Lz4, lz4),
        ]
    }

    /// Is interrupted before each read.
    struct Interrupted<'a>(&'a [u8], bool);

    impl Read for Interrupted<'_> {
        fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(ErrorKind::Interrupted.into()) } else { self.0.read(target) }
        }
    }

    #[test]
    fn an_interruption_ends_nothing() {
        let mut found = Vec::new();
        let result = pump(&mut Interrupted(b"content", false), &mut |piece| {
            found.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!((result, &found[..]), (Ok(()), &b"content"[..]));
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        for (compression, stream) in packed(&content) {
            assert_eq!(Compression::of(&stream), Some(compression));
            // LZ4 has no end of its own, but zeros are no block.
            let whole = [&stream[..], &[0; 8]].concat();
            let (mut rest, mut found) = (&whole[..], Vec::new());
            compression
                .each(&mut rest, &mut |piece| {
                    found.extend_from_slice(piece);
                    Ok(())
                })
                .unwrap();
            assert!(found == content, "{compression:?}");
            assert!(rest.iter().all(|byte| *byte == 0) && rest.len() >= 4, "{compression:?}: {} left", rest.len());
            for length in (0..stream.len()).step_by(stream.len() / 50 + 1) {
                let mut rest = &stream[..length];
                let _ = compression.each(&mut rest, &mut |_| Ok(()));
            }
            let stopped = compression.each(&mut &stream[..], &mut |_| Err("enough".to_owned()));
            assert_eq!(stopped, Err("enough".to_owned()), "{compression:?}");
        }
    }
}
