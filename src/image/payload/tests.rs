use super::*;
use crate::image::Parsed;
use crate::image::flat::Flat;
use std::io::Write;

/// `forge::vmlinux::Vmlinux::default()`, packed by the tools of the kernel's build: tests/data/payload/README.md.
const PACKED: [(Compression, &[u8]); 7] = [
    (Compression::Gzip, include_bytes!("../../../tests/data/payload/vmlinux.gzip")),
    (Compression::Bzip2, include_bytes!("../../../tests/data/payload/vmlinux.bzip2")),
    (Compression::Lzma, include_bytes!("../../../tests/data/payload/vmlinux.lzma")),
    (Compression::Xz, include_bytes!("../../../tests/data/payload/vmlinux.xz")),
    (Compression::Lzo, include_bytes!("../../../tests/data/payload/vmlinux.lzo")),
    (Compression::Lz4, include_bytes!("../../../tests/data/payload/vmlinux.lz4")),
    (Compression::Zstd, include_bytes!("../../../tests/data/payload/vmlinux.zstd")),
];

fn vmlinux() -> Vec<u8> {
    forge::vmlinux::Vmlinux::default().build()
}

fn in_image(payload: Vec<u8>) -> Vec<u8> {
    forge::bzimage::BzImage { payload, ..forge::bzimage::BzImage::default() }.build()
}

/// As the build leaves it: all formats but gzip get the size appended.
fn payload(compression: Compression, stream: &[u8], size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap().to_le_bytes();
    let size: &[u8] = if compression == Compression::Gzip { &[] } else { &size };
    [stream, size].concat()
}

fn unpacked(image: &[u8]) -> Result<Vec<u8>, String> {
    Packed::of(&SetupHeader::parse(image).unwrap(), image)?.unpack()
}

#[test]
fn every_format_is_unpacked() {
    for (compression, stream) in PACKED {
        let image = in_image(payload(compression, stream, vmlinux().len()));
        let header = SetupHeader::parse(&image).unwrap();
        let packed = Packed::of(&header, &image).unwrap();
        assert_eq!((packed.format(), packed.unpacked_size()), (compression.name(), vmlinux().len()));
        assert!(packed.unpack().unwrap() == vmlinux(), "{compression:?}");
    }
}

#[test]
fn piece_by_piece_the_same_comes_out() {
    for (compression, stream) in PACKED {
        let whole = [stream, &[0; 8]].concat();
        let (mut rest, mut found) = (&whole[..], Vec::new());
        let unpacked = compression.each(&mut rest, &mut |piece| {
            found.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!((unpacked, rest), (Ok(()), &[0; 8][..]), "{compression:?}");
        assert!(found == vmlinux(), "{compression:?}");
    }
}

/// The places at both ends of a stream, and some between.
fn some(stream: &[u8]) -> impl Iterator<Item = usize> {
    let tail = stream.len() - 32;
    (0..64).chain((64..tail).step_by(29)).chain(tail..stream.len())
}

#[test]
fn what_is_cut_short_is_refused() {
    for (compression, stream) in PACKED {
        for length in some(stream) {
            assert!(
                compression.unpack(&stream[..length], vmlinux().len()).is_err(),
                "{compression:?} of {length} bytes"
            );
        }
    }
}

#[test]
fn the_size_is_exact() {
    for (compression, stream) in PACKED {
        for size in [1, 0x1000, vmlinux().len() - 1, vmlinux().len() + 1, 2 * vmlinux().len()] {
            assert!(compression.unpack(stream, size).is_err(), "{compression:?} to {size}");
        }
    }
}

#[test]
fn another_size_is_named() {
    for (size, wanted) in [(2, "more than 2 bytes, and states 2"), (4, "3 bytes, and states 4")] {
        assert_eq!(read_all(&b"abc"[..], size), Err(format!("it unpacks to {wanted}")));
    }
}

#[test]
fn there_is_room_for_all_or_an_error() {
    assert!(reserve(0x1234).is_ok_and(|room| room.is_empty() && room.capacity() >= 0x1234));
    let wanted = format!("there is no memory for its {} bytes", usize::MAX);
    assert_eq!(reserve(usize::MAX), Err(wanted));
}

#[test]
fn the_stated_size_has_two_limits() {
    let most = u32::try_from(MAX_UNPACKED).unwrap();
    let rows = [
        (0x1000, 0x1000, true),
        (0x1001, 0x1000, false),
        (most, u32::MAX, true),
        (most + 1, u32::MAX, false),
        (u32::MAX, u32::MAX, false),
    ];
    for (stated, init_size, wanted) in rows {
        let image = in_image(payload(Compression::Lz4, lz4::MAGIC, usize::try_from(stated).unwrap()));
        let header = SetupHeader { init_size, ..SetupHeader::parse(&image).unwrap() };
        assert_eq!(Packed::of(&header, &image).is_ok(), wanted, "{stated:#x} of {init_size:#x}");
    }
}

#[test]
fn nothing_may_follow() {
    for (compression, stream) in PACKED {
        for more in [[0; 4].as_slice(), stream] {
            let error = compression.unpack(&[stream, more].concat(), vmlinux().len()).unwrap_err();
            // What follows the blocks of lz4 is another block.
            let wanted = if compression == Compression::Lz4 { "" } else { "follow the stream" };
            assert!(error.contains(wanted), "{compression:?}: {error}");
        }
    }
}

/// What has a checksum does not unpack to something else. lz4 has none, that of lzma is its own end, and those of lzo are skipped.
#[test]
fn no_damage_makes_it_panic() {
    for (compression, stream) in PACKED {
        let checked = !matches!(compression, Compression::Lz4 | Compression::Lzo | Compression::Lzma);
        for at in some(stream) {
            for bit in [0x01, 0x80] {
                let mut damaged = stream.to_vec();
                damaged[at] ^= bit;
                let result = compression.unpack(&damaged, vmlinux().len());
                let wrong = checked && result.is_ok_and(|content| content != vmlinux());
                assert!(!wrong, "{compression:?}, byte {at}");
            }
        }
    }
}

#[test]
fn a_bomb_stops_at_the_size() {
    let zeros = vec![0; 4 << 20];
    let rows = [
        (Compression::Gzip, gzip(&zeros)),
        (Compression::Bzip2, bzip2(&zeros)),
        (Compression::Lzma, lzma(&zeros)),
        (Compression::Lz4, lz4(&zeros)),
        (Compression::Zstd, ruzstd::encoding::compress_to_vec(&zeros[..], ruzstd::encoding::CompressionLevel::Fastest)),
    ];
    for (compression, stream) in rows {
        assert!(compression.unpack(&stream, zeros.len()).unwrap() == zeros, "{compression:?}");
        assert!(compression.unpack(&stream, 0x1000).is_err(), "{compression:?}");
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(content: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn lzma(content: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut encoder = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn lz4(content: &[u8]) -> Vec<u8> {
    let mut stream = lz4::MAGIC.to_vec();
    for block in content.chunks(8 << 20) {
        let block = lz4_flex::block::compress(block);
        stream.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        stream.extend(block);
    }
    stream
}

#[test]
fn unpacking_undoes_packing() {
    for length in [1, 2, 14, 15, 16, 270, 0xffff, 0x1_0000, (8 << 20) - 1, 8 << 20, (8 << 20) + 1] {
        let content: Vec<_> = forge::bzimage::noise(7, length.min(0x8000)).into_iter().cycle().take(length).collect();
        assert!(Compression::Lz4.unpack(&forge::payload::stream(&content), length).unwrap() == content, "{length}");
        assert!(Compression::Lz4.unpack(&lz4(&content), length).unwrap() == content, "{length}");
        if length <= 0x1_0000 {
            assert!(Compression::Gzip.unpack(&gzip(&content), length).unwrap() == content, "{length}");
            assert!(Compression::Bzip2.unpack(&bzip2(&content), length).unwrap() == content, "{length}");
            assert!(Compression::Lzma.unpack(&lzma(&content), length).unwrap() == content, "{length}");
        }
    }
}

#[test]
fn a_long_dictionary_is_refused() {
    for (properties, fits) in [(0, true), (30, true), (31, false), (40, false), (41, false), (0xff, false)] {
        let mut stream = PACKED[3].1.to_vec();
        // The block's header: 2 + 2 filters, of which LZMA2 is the second.
        assert_eq!(stream[12..20], [2, 1, 4, 0, 0x21, 1, 26, 0]);
        stream[18] = properties;
        let sum = {
            let mut sum = flate2::Crc::new();
            sum.update(&stream[12..20]);
            sum.sum().to_le_bytes()
        };
        stream[20..24].copy_from_slice(&sum);
        let result = Compression::Xz.unpack(&stream, vmlinux().len());
        // The decoder itself takes 4096 bytes at least, too little for this content.
        let refused = result.is_err_and(|error| error.contains("dictionary"));
        assert_eq!(!refused, fits, "{properties}");
    }
    let mut stream = PACKED[2].1.to_vec();
    stream[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(Compression::Lzma.unpack(&stream, vmlinux().len()).unwrap_err().contains("dictionary"));
}

#[test]
fn forged_payloads_are_refused() {
    for forge::payload::Payload { name, image, wrong } in forge::payload::payloads() {
        assert!(Parsed::new(&image).loadable().is_ok(), "{name}: the bzImage itself is in order");
        let result = unpacked(&image).and_then(Flat::new);
        match (result, wrong) {
            (Ok(_), None) => {}
            (Err(error), Some(wrong)) => assert!(error.contains(wrong), "{name}: {error}"),
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}

#[test]
fn an_image_without_a_payload_has_none() {
    assert!(unpacked(&forge::unsigned_bzimage()).unwrap_err().contains("outside"));
}
