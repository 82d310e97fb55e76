use super::*;

/// `forge::vmlinux::Vmlinux::default()` by lzop: one block, up to the zero at the end.
const BY_LZOP: &[u8] = include_bytes!("../../../../tests/data/payload/vmlinux.lzo");
/// Where the data of that block starts.
const DATA: usize = 0x32;
const STORED: &[u8] = b"stored as it is";

/// How many bytes each flag adds to a block: to one that is compressed, and to one that is stored.
const CHECKSUMS: [(u32, usize, usize); 4] = [
    // Adler-32 of the content, and of the block.
    (0x001, 4, 4),
    (0x002, 4, 0),
    // CRC32 of both.
    (0x100, 4, 4),
    (0x200, 4, 0),
];

fn content() -> Vec<u8> {
    [&forge::vmlinux::Vmlinux::default().build(), STORED].concat()
}

fn be(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

/// The header that lzop of a version writes.
fn header(version: u16, flags: u32) -> Vec<u8> {
    let newer = version >= 0x0940;
    let versions: &[u8] = if newer { &[0x20, 0xa0, 0x09, 0x40, 3, 9] } else { &[0x20, 0xa0, 3] };
    let mode_and_time: &[u8] = if newer { &[1; 12] } else { &[1; 8] };
    let name_and_sum = b"\x04name\x01\x02\x03\x04";
    [MAGIC, &version.to_be_bytes(), versions, &flags.to_be_bytes(), mode_and_time, name_and_sum].concat()
}

/// A block that is compressed, one that is stored, and the end.
fn stream(version: u16, flags: u32) -> Vec<u8> {
    let packed = &BY_LZOP[DATA..BY_LZOP.len() - 4];
    let (mut of_packed, mut of_stored) = (0, 0);
    for (_, more, more_stored) in CHECKSUMS.into_iter().filter(|(flag, ..)| flags & flag != 0) {
        of_packed += more;
        of_stored += more_stored;
    }
    let length = content().len() - STORED.len();
    let mut stream = header(version, flags);
    stream.extend([be(length), be(packed.len())].concat());
    stream.extend([&vec![0x5a; of_packed], packed].concat());
    stream.extend([be(STORED.len()), be(STORED.len())].concat());
    stream.extend([&vec![0x5a; of_stored], STORED, &[0; 4]].concat());
    stream
}

/// In one piece and piece by piece, with something behind the stream.
fn both(stream: &[u8]) -> [Result<Vec<u8>, String>; 2] {
    let whole = [stream, b"behind"].concat();
    let (mut rest, mut found) = (&whole[..], Vec::new());
    let result = each(&mut rest, &mut |piece| {
        found.extend_from_slice(piece);
        Ok(())
    });
    assert!(result.is_err() || rest == b"behind");
    [unpack(stream, content().len()), result.map(|()| found)]
}

#[test]
fn the_flags_say_which_checksums_there_are() {
    let all = CHECKSUMS.iter().fold(0, |flags, (flag, ..)| flags | flag);
    for flags in CHECKSUMS.into_iter().map(|(flag, ..)| flag).chain([0, all]) {
        for found in both(&stream(0x1040, flags)) {
            assert!(found == Ok(content()), "{flags:#x}");
        }
    }
}

#[test]
fn the_header_is_shorter_before_a_version() {
    for version in [0x0900, 0x093f, 0x0940, 0x0941, 0x1040] {
        for found in both(&stream(version, 1)) {
            assert!(found == Ok(content()), "{version:#x}");
        }
    }
}

#[test]
fn neither_a_filter_nor_an_extra_field_is_known() {
    for flag in [0x40, 0x800] {
        for found in both(&stream(0x1040, flag)) {
            assert_eq!(found, Err(format!("its flags are {flag:#x}: it has a filter or an extra field")));
        }
    }
}

#[test]
fn the_longest_block_is_that_of_lzop() {
    for (length, wanted) in
        [(0x400_0000, "it is cut short"), (0x400_0001, "a block has 67108865 bytes, at most 67108864")]
    {
        let stream = [header(0x1040, 0), [be(length), be(length)].concat()].concat();
        assert_eq!(each(&mut &stream[..], &mut |_| Ok(())), Err(wanted.to_owned()));
    }
}
