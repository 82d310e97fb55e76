//! What is packed by another implementation unpacks to the same.

mod lzo;

use skexec::image::bzimage::SetupHeader;
use skexec::image::payload::Packed;
use std::io::Write;

/// Bytes that are packed at most, so that a run does not spend its time on one input.
const MOST: usize = 1 << 16;

/// The first byte chooses how the rest is packed; the second, how large the pieces are. It unpacks to the same bytes; with a byte less
/// of the stream, a byte more behind it, or another size stated, it is refused.
pub fn packed(input: &[u8]) {
    let [choice, piece, content @ ..] = input else { return };
    let content = &content[..content.len().min(MOST)];
    if content.is_empty() {
        return;
    }
    let (format, stream) = pack(*choice, usize::from(*piece) + 1, content);
    let size = u32::try_from(content.len()).unwrap();
    assert_eq!(unpacked(format, &stream, size).as_deref(), Ok(content), "{format}");
    assert!(unpacked(format, &stream, size + 1).is_err(), "{format} has less than it states");
    assert!(size == 1 || unpacked(format, &stream, size - 1).is_err(), "{format} has more than it states");
    assert!(unpacked(format, &stream[..stream.len() - 1], size).is_err(), "{format} is cut short");
    assert!(unpacked(format, &[&*stream, &[1]].concat(), size).is_err(), "{format} has something behind it");
}

fn unpacked(format: &str, stream: &[u8], size: u32) -> Result<Vec<u8>, String> {
    // gzip ends with the size itself; to the others it is appended.
    let stream = if format == "gzip" { &stream[..stream.len() - 4] } else { stream };
    let payload = [stream, &size.to_le_bytes()].concat();
    let mut image = forge::bzimage::BzImage { payload, ..Default::default() };
    image.init_size = 1 << 20;
    let image = image.build();
    let packed = Packed::of(&SetupHeader::parse(&image).unwrap(), &image)?;
    assert_eq!((packed.format(), packed.unpacked_size()), (format, usize::try_from(size).unwrap()));
    packed.unpack()
}

fn pack(choice: u8, piece: usize, content: &[u8]) -> (&'static str, Vec<u8>) {
    match choice % 6 {
        0 => {
            let coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(u32::from(choice) / 6 % 10));
            ("gzip", written(coder, piece, content, |coder| coder.finish().unwrap()))
        }
        1 => {
            let coder =
                bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(1 + u32::from(choice) / 6 % 9));
            ("bzip2", written(coder, piece, content, |coder| coder.finish().unwrap()))
        }
        2 => ("lz4", lz4(content)),
        3 => ("lzma", lzma(content)),
        4 => ("lzo", lzo::frame(content, piece * 64)),
        _ => ("zstd", ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)),
    }
}

/// Writes the content in pieces.
fn written<W: Write>(mut coder: W, piece: usize, content: &[u8], finish: impl FnOnce(W) -> Vec<u8>) -> Vec<u8> {
    for part in content.chunks(piece * 64) {
        coder.write_all(part).unwrap();
    }
    finish(coder)
}

/// The frame of `lz4 -l`: a magic number, then blocks after their lengths. Every block but the last has 8 MiB, so that here is only one.
fn lz4(content: &[u8]) -> Vec<u8> {
    let packed = lz4_flex::block::compress(content);
    [&0x184c_2102_u32.to_le_bytes()[..], &u32::try_from(packed.len()).unwrap().to_le_bytes(), &packed].concat()
}

/// As `xz --format=lzma` writes it: without a size in the header.
fn lzma(content: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut coder = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    coder.write_all(content).unwrap();
    coder.finish().unwrap()
}
